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
      } catch (error) {
        // A part that fails leaves plain HTML that works; the others still start.
        console.error(error);
      }
    }
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
