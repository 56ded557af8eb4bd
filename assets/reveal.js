// Shows a part of a form only while the choice that it belongs to is made:
// <div data-shown-with="kind=users">. Without JavaScript it is always there.
export function revealWith(root) {
  for (const part of root.querySelectorAll("[data-shown-with]")) {
    const [name, value] = part.dataset.shownWith.split("=");
    const form = part.closest("form");
    const show = () => {
      part.hidden = form.elements[name].value !== value;
    };
    form.addEventListener("change", show);
    show();
  }
}
