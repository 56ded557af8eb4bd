// Loaded synchronously, right after <body>: the design systems' scripts and styles look for these
// classes. A file of its own, since the page's policy forbids inline scripts.
document.body.classList.add("js-enabled");
if ("noModule" in HTMLScriptElement.prototype) {
  document.body.classList.add("govuk-frontend-supported");
}
