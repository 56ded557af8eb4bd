// Tells the step of the work under way, when it is another one: the bar itself is swapped every
// second, and a screen reader is not to hear it each time.
export function tellStep(root) {
  const bar = root.matches("#progress") ? root : root.querySelector("#progress");
  const said = document.querySelector("[data-progress-step]");
  if (bar && said && said.textContent !== bar.dataset.step) {
    said.textContent = bar.dataset.step;
  }
}
