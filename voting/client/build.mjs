/**
 * Builds the voting page into dist/vote/ and the second device's into dist/verify/.
 *
 *   node voting/client/build.mjs           build, and compare with bundle.sha256
 *   node voting/client/build.mjs --write   build, and write bundle.sha256
 *
 * The same sources and packages give the same bytes. No page holds an address of another site; its
 * script and style are named with their hash (subresource integrity).
 */

import { createHash } from "node:crypto";
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const HERE = dirname(fileURLToPath(import.meta.url));
const DIST = join(HERE, "dist");
const SUMS = join(HERE, "bundle.sha256");
const PAGES = { vote: ["icon.svg"], verify: ["icon.svg", "verify.webmanifest"] };

const digest = (data, algorithm, form) => createHash(algorithm).update(data).digest(form);
const integrity = (file) => `sha384-${digest(readFileSync(join(DIST, file)), "sha384", "base64")}`;

async function bundle() {
  rmSync(DIST, { recursive: true, force: true });
  const { warnings } = await build({
    absWorkingDir: join(HERE, "..", ".."),
    entryPoints: Object.keys(PAGES).flatMap((page) => [
      { in: join(HERE, "src", "pages", page, "main.tsx"), out: join(page, page) },
      { in: join(HERE, "src", "pages", "styles", "page.css"), out: join(page, page) },
    ]),
    outdir: DIST,
    bundle: true,
    minify: true,
    format: "esm",
    target: ["es2022", "chrome111", "firefox113", "safari16.4"],
    charset: "utf8",
    legalComments: "eof",
    jsx: "automatic",
    jsxImportSource: "preact",
    logLevel: "warning",
  });
  if (warnings.length > 0) throw new Error("the bundle was made with warnings");
  for (const [page, files] of Object.entries(PAGES)) {
    for (const file of files) copyFileSync(join(HERE, "static", file), join(DIST, page, file));
    document(page, files);
  }
}

function document(page, files) {
  const manifest = files.find((file) => file.endsWith(".webmanifest"));
  const script = `${page}/${page}.js`;
  const style = `${page}/${page}.css`;
  const lines = [
    "<!doctype html>",
    '<html lang="en">',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="robots" content="noindex">',
    "<title>Sukashi</title>",
    '<link rel="icon" href="icon.svg" type="image/svg+xml">',
    ...(manifest === undefined ? [] : [`<link rel="manifest" href="${manifest}">`]),
    `<link rel="stylesheet" href="${page}.css" integrity="${integrity(style)}">`,
    `<script type="module" src="${page}.js" integrity="${integrity(script)}"></script>`,
    '<body><div id="page"><noscript>JavaScript · ジャバスクリプト</noscript></div>',
    "",
  ];
  writeFileSync(join(DIST, page, "index.html"), lines.join("\n"));
}

/** As sha256sum writes it: run `sha256sum --check ../bundle.sha256` in dist/. */
function sums() {
  const files = Object.keys(PAGES).flatMap((page) =>
    readdirSync(join(DIST, page)).map((file) => `${page}/${file}`),
  );
  const line = (file) => `${digest(readFileSync(join(DIST, file)), "sha256", "hex")}  ${file}\n`;
  return files.sort().map(line).join("");
}

await bundle();
const made = sums();
if (process.argv[2] === "--write") {
  writeFileSync(SUMS, made);
} else if (readFileSync(SUMS, "utf-8") !== made) {
  process.stderr.write("the bundle is not the one of voting/client/bundle.sha256:\n");
  process.stderr.write(`${made}after a change of its sources: make client WRITE=yes\n`);
  process.exit(1);
}
