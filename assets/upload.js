// What is wrong with a file is said before it is sent: a folder, several files, one too large or
// of another kind. The server says the same; this only saves the wait.

const OTHER_KINDS = {
  xls: "an old Excel workbook (.xls)",
  ods: "an OpenDocument file (.ods)",
  numbers: "a Numbers document",
  pdf: "a PDF",
  doc: "a text document",
  docx: "a text document",
};

function fault(file, largest) {
  const ending = file.name.split(".").pop().toLowerCase();
  if (file.size === 0) {
    return "Choose another file: this one is empty.";
  }
  if (file.size > largest) {
    const megabytes = Math.floor(largest / 1024 ** 2);
    return `Choose a file of ${megabytes} MB or less, or split this one in parts.`;
  }
  if (Object.hasOwn(OTHER_KINDS, ending)) {
    return `Save it as CSV or XLSX and upload that: this file is ${OTHER_KINDS[ending]}.`;
  }
  return "";
}

function dropFault(transfer) {
  const items = [...transfer.items].filter((item) => item.kind === "file");
  if (items.some((item) => item.webkitGetAsEntry?.()?.isDirectory)) {
    return "Open the folder and drop the file itself: this is a folder.";
  }
  return items.length > 1 ? `Drop one file at a time: these are ${items.length}.` : "";
}

function say(field, sentence) {
  const group = field.querySelector(".govuk-form-group");
  group.querySelector("[data-said]")?.remove();
  group.classList.toggle("govuk-form-group--error", sentence !== "");
  if (sentence) {
    const message = document.createElement("p");
    message.className = "govuk-error-message";
    message.dataset.said = "";
    message.setAttribute("role", "alert");
    message.textContent = sentence;
    group.querySelector(".govuk-drop-zone").before(message);
  }
}

// Watches the file field inside `root`, if it has one.
export function watchFile(root) {
  for (const field of root.querySelectorAll("[data-file-limits]")) {
    const input = field.querySelector("input[type=file]");
    const largest = Number(field.dataset.largest);
    // Of what is dropped the component takes a file only, and silently leaves the rest.
    field.addEventListener(
      "drop",
      (event) => {
        const sentence = dropFault(event.dataTransfer);
        say(field, sentence);
        if (sentence) {
          event.preventDefault();
          event.stopPropagation();
        }
      },
      { capture: true },
    );
    input.addEventListener("change", () => {
      say(field, input.files.length ? fault(input.files[0], largest) : "");
    });
  }
}
