// Builds assets/ and docs/guide into the folder named on the command line: `node assets/build.mjs FOLDER`.
// Fails when something slipped in that only GOV.UK services may use.

import { cp, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

import * as esbuild from "esbuild";
import * as sass from "sass";

import { buildGuide } from "./guide.mjs";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const ASSETS = path.join(ROOT, "assets");
const FONTS = path.join(ROOT, "node_modules/@fontsource-variable/atkinson-hyperlegible-next");
// Of printed letters: names of any script. Where several have a letter, the first of
// web/letters/letter.typ is taken.
const SCRIPTS = ["", "-arabic", "-bengali", "-ethiopic", "-gujarati", "-gurmukhi", "-hebrew", "-kr", "-sc", "-tamil", "-thai"];
const NOTO = path.join(ROOT, "node_modules/@expo-google-fonts");
const DEJAVU = path.join(ROOT, "node_modules/dejavu-fonts-ttf");
const IMAGES = path.join(ROOT, "node_modules/@ministryofjustice/frontend/moj/assets/images");

const FORBIDDEN_TEXT = /GDS Transport|gds-transport|fonts\/(bold|light)-|govuk-logotype|govuk-crest/i;
const FORBIDDEN_NAME = /crest|crown|logotype|opengraph|apple-touch|gds/i;

async function buildStyles(folder) {
  const { css } = sass.compile(path.join(ASSETS, "app.scss"), {
    loadPaths: [ROOT, path.join(ASSETS, "styles")],
    style: "compressed",
    quietDeps: true,
  });
  await writeFile(path.join(folder, "app.css"), css);
  return css;
}

// Copies the files that the style sheet names, and no others.
async function copyNamedFiles(css, folder) {
  const names = new Set([...css.matchAll(/url\(["']?([^"')]+)["']?\)/g)].map((match) => match[1]));
  for (const name of names) {
    if (name.startsWith("data:")) {
      continue;
    }
    const [kind, file] = name.split("/");
    const source = { fonts: path.join(FONTS, "files"), images: IMAGES }[kind];
    if (!source || !file) {
      throw new Error(`app.css names ${name}: expected fonts/... or images/...`);
    }
    await cp(path.join(source, file), path.join(folder, kind, file));
  }
  await cp(path.join(FONTS, "LICENSE"), path.join(folder, "fonts/LICENSE.txt"));
}

// The fonts that letters are set in; the server reads them, no browser does.
async function copyLetterFonts(folder) {
  const target = path.join(folder, "letters");
  for (const script of SCRIPTS) {
    const family = path.join(NOTO, `noto-sans${script}`);
    for (const weight of script === "" ? ["400Regular", "700Bold"] : ["400Regular"]) {
      for (const name of await readdir(path.join(family, weight))) {
        if (name.endsWith(".ttf")) {
          await cp(path.join(family, weight, name), path.join(target, name));
        }
      }
    }
  }
  await cp(path.join(NOTO, "noto-sans/LICENSE_FONT"), path.join(target, "LICENSE-Noto.txt"));
  await cp(path.join(DEJAVU, "ttf/DejaVuSans.ttf"), path.join(target, "DejaVuSans.ttf"));
  await cp(path.join(DEJAVU, "LICENSE"), path.join(target, "LICENSE-DejaVu.txt"));
}

async function buildScripts(folder) {
  const shared = { minify: true, legalComments: "eof", logLevel: "warning" };
  await esbuild.build({
    ...shared,
    // Each a file of its own, so that only the pages that need it load it.
    entryPoints: ["app.js", "type-ahead.js", "passkey.js", "relate.js"].map((name) => path.join(ASSETS, name)),
    outdir: folder,
    bundle: true,
    format: "esm",
    target: "es2020",
  });
  await esbuild.build({
    ...shared,
    entryPoints: [path.join(ASSETS, "body.js")],
    outfile: path.join(folder, "body.js"),
    target: "es2015",
  });
}

async function refuseForbidden(folder) {
  for (const name of await readdir(folder, { recursive: true })) {
    const file = path.join(folder, name);
    if ((await stat(file)).isDirectory()) {
      continue;
    }
    if (FORBIDDEN_NAME.test(path.basename(name))) {
      throw new Error(`Take ${name} out: only GOV.UK services may use it.`);
    }
    const found = FORBIDDEN_TEXT.exec(await readFile(file, "latin1"));
    if (found && !/\.(woff2|png|ttf)$/.test(name)) {
      throw new Error(`Take "${found[0]}" out of ${name}: only GOV.UK services may use it.`);
    }
  }
}

// WhiteNoise serves these beside the file itself, by what the browser takes.
async function compress(folder) {
  for (const name of await readdir(folder, { recursive: true })) {
    if (/\.(css|js|svg)$/.test(name)) {
      const content = await readFile(path.join(folder, name));
      await writeFile(path.join(folder, `${name}.br`), brotliCompressSync(content));
      await writeFile(path.join(folder, `${name}.gz`), gzipSync(content, { level: 9 }));
    }
  }
}

async function report(folder) {
  for (const name of (await readdir(folder, { recursive: true })).sort()) {
    const { size } = await stat(path.join(folder, name));
    if (path.extname(name) && !name.startsWith("guide")) {
      console.log(`    ${name.padEnd(66)} ${(size / 1000).toFixed(1).padStart(7)} kB`);
    }
  }
}

const target = path.resolve(process.argv[2]);
const fresh = `${target}.new`;
await rm(fresh, { recursive: true, force: true });
await mkdir(fresh, { recursive: true });
await copyNamedFiles(await buildStyles(fresh), fresh);
await copyLetterFonts(fresh);
await buildScripts(fresh);
await buildGuide(path.join(ROOT, "docs/guide"), fresh);
await refuseForbidden(fresh);
await compress(fresh);
await rm(target, { recursive: true, force: true });
await rename(fresh, target);
await report(target);
