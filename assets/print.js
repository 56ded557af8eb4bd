// Shows a button that prints the page: <button type="button" data-print hidden>.
export function printWith(root) {
  for (const button of root.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
}
