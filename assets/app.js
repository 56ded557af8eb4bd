import { MultiSelect } from "@ministryofjustice/frontend";
import {
  Button,
  Checkboxes,
  ErrorSummary,
  FileUpload,
  NotificationBanner,
  PasswordInput,
  Radios,
  ServiceNavigation,
  SkipLink,
} from "govuk-frontend";
import htmx from "htmx.org";

import { printWith } from "./print.js";
import { tellStep } from "./progress.js";
import { revealWith } from "./reveal.js";
import { watchFile } from "./upload.js";

// What a radio button reveals is told by aria-controls and by coming next: aria-expanded, which
// GOV.UK Frontend sets too, is not allowed on a radio button (WAI-ARIA 1.2, axe aria-allowed-attr).
class RevealingRadios extends Radios {
  syncConditionalRevealWithInputState($input) {
    super.syncConditionalRevealWithInputState($input);
    $input.removeAttribute("aria-expanded");
  }
}

// Only the components whose styles app.scss holds.
const COMPONENTS = [
  Button,
  Checkboxes,
  ErrorSummary,
  FileUpload,
  NotificationBanner,
  PasswordInput,
  RevealingRadios,
  ServiceNavigation,
  SkipLink,
  MultiSelect,
];

// Starts the components inside an element, itself included, that have not been started yet: their
// own `createAll` leaves the element itself out and complains of those already started.
function startComponents(root) {
  for (const Component of COMPONENTS) {
    const name = Component.moduleName;
    const fresh = `[data-module="${name}"]:not([data-${name}-init])`;
    const found = [...root.querySelectorAll(fresh)];
    if (root.matches(fresh)) {
      found.unshift(root);
    }
    for (const element of found) {
      try {
        new Component(element);
        openUpName(element);
      } catch (error) {
        // A part that fails leaves plain HTML that works; the others still start.
        console.error(error);
      }
    }
  }
}

// The button that GOV.UK Frontend makes of a file input has a comma in its name that nobody sees:
// what is read on it must be what it is called (WCAG 2.5.3), or voice control does not find it.
function openUpName(element) {
  for (const button of element.querySelectorAll("button.govuk-file-upload-button")) {
    document.getElementById(`${button.id}-comma`)?.replaceWith(" ");
    button.setAttribute("aria-labelledby", `${button.id}-label ${button.id}`);
  }
  // What ticks the whole page stands above the table, and says so: a phone shows no headings.
  for (const label of element.querySelectorAll(".moj-multi-select__toggle-label")) {
    label.textContent = element.dataset.tickAll ?? "Tick everybody on this page";
  }
}

// The page's policy allows no eval and no inline script or style.
htmx.config.allowEval = false;
htmx.config.allowScriptTags = false;
htmx.config.includeIndicatorStyles = false;
htmx.config.selfRequestsOnly = true;
// No copies of pages with children's names in the browser's storage.
htmx.config.historyCacheSize = 0;

// A part of a page that is answered by the sign-in page (the session is over) must not be put into
// this one: the page is asked for again, and sign-in leads back to it.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { responseURL } = event.detail.xhr;
  if (responseURL && new URL(responseURL).pathname.startsWith("/sign-in/")) {
    event.detail.shouldSwap = false;
    window.location.reload();
  }
});

// Called for <body> at the start, then for whatever htmx puts into the page.
htmx.onLoad(startComponents);
htmx.onLoad(watchFile);
htmx.onLoad(revealWith);
htmx.onLoad(tellStep);
htmx.onLoad(printWith);
