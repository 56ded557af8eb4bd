// Fields that suggest establishments while one types. The plain field stays what it is: its words
// are sent, and what they mean is found out by the server.

import accessibleAutocomplete from "accessible-autocomplete";

const WAIT = 200;

// Asks once the typing pauses; an answer that comes after a newer question is thrown away.
function suggestionsOf(address) {
  let waiting;
  let asked = 0;
  return (words, show) => {
    clearTimeout(waiting);
    const mine = ++asked;
    waiting = setTimeout(async () => {
      try {
        const answer = await fetch(`${address}?q=${encodeURIComponent(words)}`);
        const { found } = answer.ok ? await answer.json() : { found: [] };
        if (mine === asked) {
          show(found);
        }
      } catch {
        // Without suggestions the field still takes a name or a URN.
      }
    }, WAIT);
  };
}

// The component takes a suggestion for HTML, and a name is not: it comes out of a file.
function asText(words) {
  const element = document.createElement("span");
  element.textContent = words ?? "";
  return element.innerHTML;
}

// The words of what is chosen, or of them the URN where that is what the field takes.
function taken(words, takes) {
  return (takes === "urn" && /URN (\d+)/.exec(words ?? "")?.[1]) || (words ?? "");
}

function textOf(ids) {
  const told = (ids ?? "").split(" ").map((id) => id && document.getElementById(id));
  return told.filter(Boolean).map((element) => element.textContent.trim()).join(" ");
}

for (const place of document.querySelectorAll("[data-type-ahead]")) {
  const field = place.querySelector("input");
  const described = field.getAttribute("aria-describedby");
  for (const told of place.closest(".govuk-form-group")?.querySelectorAll("[data-suggesting]") ?? []) {
    told.textContent = told.dataset.suggesting;
  }
  const help = document.getElementById(`${field.id}_helptext`)?.textContent;
  const hint = help ? `${help}. ` : `${textOf(described)} `;
  const isWrong = field.getAttribute("aria-invalid");
  field.remove();
  accessibleAutocomplete({
    element: place,
    id: field.id,
    name: field.name,
    defaultValue: field.value,
    source: suggestionsOf(place.dataset.typeAhead),
    minLength: 2,
    confirmOnBlur: false,
    showNoOptionsFound: false,
    inputClasses: field.className,
    displayMenu: "overlay",
    templates: { inputValue: (words) => taken(words, place.dataset.takes), suggestion: asText },
    tAssistiveHint: () =>
      `${hint}When suggestions come, use the up and down arrows to look at them and Enter to` +
      " choose one. On a touch device, touch or swipe.",
  });
  const typed = place.querySelector("input");
  typed.setAttribute("spellcheck", "false");
  if (isWrong) {
    typed.setAttribute("aria-invalid", isWrong);
  }
  if (described && isWrong) {
    typed.setAttribute("aria-errormessage", `${field.id}_error`);
    // Told by itself: the library keeps what describes the field to its own hint.
    document.getElementById(`${field.id}_error`)?.setAttribute("aria-live", "polite");
  }
}
