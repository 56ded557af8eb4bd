import { FilterToggleButton, SortableTable } from "@ministryofjustice/frontend";
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

// Only the components whose styles app.scss holds.
const COMPONENTS = [
  Button,
  Checkboxes,
  ErrorSummary,
  FileUpload,
  NotificationBanner,
  PasswordInput,
  Radios,
  ServiceNavigation,
  SkipLink,
  FilterToggleButton,
  SortableTable,
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
}

// The page's policy allows no eval and no inline script or style.
htmx.config.allowEval = false;
htmx.config.allowScriptTags = false;
htmx.config.includeIndicatorStyles = false;
htmx.config.selfRequestsOnly = true;
// No copies of pages with children's names in the browser's storage.
htmx.config.historyCacheSize = 0;

// Called for <body> at the start, then for whatever htmx puts into the page.
htmx.onLoad(startComponents);
