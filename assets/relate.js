// Tells at once how many rows of a file of parents match a child, as the column and the identifier
// are chosen: the counts of all choices are on the page. Without JavaScript the button Count does it.
const part = document.querySelector("[data-relation]");

if (part) {
  const counts = JSON.parse(part.dataset.relation);
  const [column, kind] = ["sync_field", "match_by"].map((name) => part.querySelector(`#${name}`));
  const better = part.querySelector("[data-best]");
  const tell = () => {
    const rows = counts[`${column.value}:${kind.value}`];
    const chosen = rows !== undefined;
    part.querySelector("[data-chosen]").hidden = !chosen;
    part.querySelector("[data-not-chosen]").hidden = chosen;
    part.querySelector("[data-count]").textContent = (rows ?? 0).toLocaleString("en-GB");
    for (const note of document.querySelectorAll("[data-names-child]")) {
      note.hidden = !chosen || note.dataset.namesChild !== column.value;
    }
    if (better) {
      better.hidden = chosen && rows >= Number(better.dataset.best);
    }
  };
  part.querySelector("[data-only-plain]").hidden = true;
  part.addEventListener("change", tell);
  tell();
}
