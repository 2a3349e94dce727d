// What the tests in headless Chromium share: the browser, a server of files, and how a page that verifies is used.
// Needs playwright-core and axe-core (in PLAYWRIGHT or the current folder) and a browser (CHROMIUM, by default /usr/bin/chromium).
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname, join, normalize } from "node:path";

const installed = createRequire(join(process.env.PLAYWRIGHT ?? process.cwd(), "x.js"));
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
const TYPES = { ".html": "text/html; charset=utf-8", ".css": "text/css", ".atom": "application/atom+xml" };

export function launch() {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  return installed("playwright-core").chromium.launch({ executablePath, args: FLAGS });
}

/** Serves a folder on this machine. */
export async function serve(folder) {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname));
    try {
      const bytes = readFileSync(join(folder, path.endsWith("/") ? `${path}index.html` : path));
      response.writeHead(200, { "content-type": TYPES[extname(path) || ".html"] ?? "text/plain" }).end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { server, address: `http://127.0.0.1:${server.address().port}` };
}

/** A file as a page is given it. */
export const file = (name, bytes) => ({ name, mimeType: "application/zip", buffer: Buffer.from(bytes) });

/** Waits until the page has given its verdict, which takes the focus. */
const judged = (page) => page.waitForFunction(() => document.activeElement?.id === "verdict");

/** Gives up the focus, so that the next verdict is not taken for the last one. */
const leaveVerdict = (page) => page.evaluate(() => document.activeElement?.blur());

export async function choose(page, ...files) {
  await leaveVerdict(page);
  await page.setInputFiles("#files", files);
  await judged(page);
}

export async function drop(page, ...files) {
  await leaveVerdict(page);
  await page.evaluate((files) => {
    const dataTransfer = new DataTransfer();
    for (const { name, base64 } of files) {
      const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
      dataTransfer.items.add(new File([bytes], name));
    }
    for (const kind of ["dragenter", "dragover", "drop"]) {
      document.getElementById("drop").dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
    }
  }, files.map(({ name, buffer }) => ({ name, base64: buffer.toString("base64") })));
  await judged(page);
}

export const verdict = (page) => page.locator("#verdict").innerText();
export const outcomes = (page) => page.locator("[data-check]").evaluateAll((all) =>
  Object.fromEntries(all.map(({ dataset }) => [dataset.check, dataset.outcome])));

/** The kind of the verdict: proven, intact, fails, not-read. */
export const kind = (page) => page.locator("#result > .verdict").evaluate((element) => element.className.replace("verdict ", ""));

/** Types into a field as a person does who then goes on to something else. */
export async function type(page, field, text) {
  await page.fill(field, text);
  await page.locator(field).blur();
}

/** Waits until the verdict is of this kind. */
export const becomes = (page, kind) => page.locator(`#result > .verdict.${kind}`).waitFor();

/** What axe finds wrong with a page by WCAG 2.2 AA and its own best practices: one line a fault. */
export async function faults(page) {
  await page.evaluate(readFileSync(installed.resolve("axe-core/axe.min.js"), "utf8"));
  const { violations, passes } = await page.evaluate(() => axe.run(document, { resultTypes: ["violations", "passes"] }));
  assert(passes.length > 10, "axe has looked at the page");
  return violations.flatMap(({ id, help, nodes }) => nodes.map(({ target }) => `${id} at ${target}: ${help}`));
}

/** A picture of the page, if SCREENSHOTS names a folder for them; they are there to be looked at. */
export async function picture(page, name, options = {}) {
  if (!process.env.SCREENSHOTS) return;
  mkdirSync(process.env.SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`), ...options });
}

/** The files of an archive, as [{ name, mimeType, buffer }], by way of `folder`. */
export function unpacked(bytes, folder) {
  const path = join(folder, "proof.zip"), out = mkdtempSync(join(folder, "files-"));
  writeFileSync(path, bytes);
  execFileSync("python3", ["-m", "zipfile", "-e", path, out]);
  const names = execFileSync("ls", [out], { encoding: "utf8" }).trim().split("\n");
  return names.map((name) => ({ name, mimeType: "", buffer: readFileSync(join(out, name)) }));
}

/** An archive of these files that somebody else's program packs, deflated. */
export function packed(files, folder) {
  const from = mkdtempSync(join(folder, "pack-")), to = join(from, "other.zip");
  for (const { name, buffer } of files) writeFileSync(join(from, name), buffer);
  execFileSync("python3", ["-c", `
import os, sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as archive:
    for name in sys.argv[2:]: archive.write(os.path.join(os.path.dirname(sys.argv[1]), name), name)`,
    to, ...files.map(({ name }) => name)]);
  return readFileSync(to);
}
