// Forms with data-passkey ask the browser for a passkey ("get") or for a new one ("create"): what to
// ask for is fetched from the form's own address, and the answer is sent with the form. The words
// for what may go wrong stand on the form.

const toBytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));

const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

const withBytes = (known) => known.map((one) => ({ ...one, id: toBytes(one.id) }));

// The browsers' own ways from and to JSON are younger than many a tablet in a school.
function readOptions(options) {
  const read = { ...options, challenge: toBytes(options.challenge) };
  if (options.user) {
    read.user = { ...options.user, id: toBytes(options.user.id) };
  }
  for (const name of ["allowCredentials", "excludeCredentials"]) {
    if (options[name]) {
      read[name] = withBytes(options[name]);
    }
  }
  return read;
}

function writeAnswer(credential) {
  const response = {};
  for (const name of [
    "clientDataJSON",
    "attestationObject",
    "authenticatorData",
    "signature",
    "userHandle",
  ]) {
    if (credential.response[name]) {
      response[name] = toText(credential.response[name]);
    }
  }
  const id = toText(credential.rawId);
  return JSON.stringify({ id, rawId: id, type: credential.type, response });
}

class Told extends Error {}

async function fetchOptions(form) {
  const body = new FormData(form);
  body.append("passkey_begin", "1");
  const answer = await fetch(form.action, { method: "POST", body });
  if (answer.redirected) {
    // To where somebody signs in, or proves who they are, first.
    window.location.assign(answer.url);
    return null;
  }
  if (!answer.ok) {
    throw new Error(`answered with ${answer.status}`);
  }
  const { options, problem } = await answer.json();
  if (problem) {
    throw new Told(problem);
  }
  return readOptions(options);
}

function wordsFor(error, words) {
  if (error instanceof Told) {
    return error.message;
  }
  return { NotAllowedError: words.cancelled, InvalidStateError: words.known }[error.name] ?? words.failed;
}

function askWith(form) {
  const problem = form.querySelector("[data-passkey-problem]");
  const button = form.querySelector("button");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.hidden = true;
    button.disabled = true;
    try {
      const publicKey = await fetchOptions(form);
      if (publicKey) {
        const credential = await navigator.credentials[form.dataset.passkey]({ publicKey });
        form.elements.passkey_answer.value = writeAnswer(credential);
        form.submit();
      }
    } catch (error) {
      problem.textContent = wordsFor(error, form.dataset);
      problem.hidden = false;
    }
    button.disabled = false;
  });
}

document.querySelectorAll("form[data-passkey]").forEach(askWith);
