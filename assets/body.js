// Loaded synchronously, right after <body>: the design systems' scripts and styles look for these
// classes. A file of its own, since the page's policy forbids inline scripts.
document.body.classList.add("js-enabled");
if ("noModule" in HTMLScriptElement.prototype) {
  document.body.classList.add("govuk-frontend-supported");
}
// Passkeys want JavaScript, a browser that knows them, and https (or this machine itself).
if ("PublicKeyCredential" in window) {
  document.body.classList.add("sg-knows-passkeys");
}
