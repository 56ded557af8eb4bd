// Makes of docs/guide, the one source of the guide, what the product shows under /guide/: a file
// guide.json with the title and the HTML of each page, and copies of the pictures.

import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

import { Marked } from "marked";

// The width and height of a PNG, so that the page keeps room for it.
async function sizeOf(file) {
  const head = await readFile(file);
  return [head.readUInt32BE(16), head.readUInt32BE(20)];
}

function addressOf(href) {
  const found = /^([a-z-]+|README)\.md(#.*)?$/.exec(href);
  if (!found) {
    return href;
  }
  return `/guide/${found[1] === "README" ? "" : `${found[1]}/`}${found[2] ?? ""}`;
}

function attribute(text) {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
}

export async function buildGuide(source, folder) {
  const sizes = new Map();
  for (const name of await readdir(path.join(source, "pictures"))) {
    const file = path.join(source, "pictures", name);
    sizes.set(`pictures/${name}`, await sizeOf(file));
    await cp(file, path.join(folder, "guide", name));
  }
  const marked = new Marked({
    renderer: {
      link({ href, tokens }) {
        const words = this.parser.parseInline(tokens);
        return `<a class="govuk-link" href="${attribute(addressOf(href))}">${words}</a>`;
      },
      image({ href, text }) {
        const size = sizes.get(href);
        if (!size) {
          throw new Error(`The guide names ${href}, which is not in docs/guide/pictures.`);
        }
        const address = `/static/guide/${path.basename(href)}`;
        const phone = href.endsWith("-phone.png") ? " sg-guide__phone" : "";
        return (
          `<a class="sg-guide__picture${phone}" href="${address}"><img src="${address}" ` +
          `alt="${attribute(text)}" width="${size[0]}" height="${size[1]}" loading="lazy"></a>`
        );
      },
    },
  });
  const pages = {};
  for (const name of (await readdir(source)).filter((file) => file.endsWith(".md"))) {
    const text = await readFile(path.join(source, name), "utf8");
    const [, title, rest] = /^# (.+)\n([\s\S]*)$/.exec(text);
    for (const [, slug] of text.matchAll(/\]\(([a-z-]+)\.md/g)) {
      await readFile(path.join(source, `${slug}.md`));
    }
    const slug = name === "README.md" ? "" : name.replace(/\.md$/, "");
    pages[slug] = { title, html: marked.parse(rest) };
  }
  await writeFile(path.join(folder, "guide.json"), JSON.stringify(pages));
}
