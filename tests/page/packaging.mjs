// Each way in which honest people and programs change a proof, on the page in headless Chromium: node tests/page/packaging.mjs DIR
// DIR has the cases that tests/it/adversary/packaging.rs leaves there, with the program's verdicts. With --write in front, the page's
// column in src/PACKAGING.md is written; without, it is compared with what stands there.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { choose, kind, launch } from "./chromium.mjs";
import { PAGE, run } from "./common.mjs";

const isWritten = process.argv[2] === "--write";
const { cases } = JSON.parse(readFileSync(join(process.argv[isWritten ? 3 : 2], "cases.json"), "utf8"));
const TABLE = fileURLToPath(new URL("../../src/PACKAGING.md", import.meta.url));
const COLUMN = 2;
const cellsOf = (line) => (line.startsWith("| ") ? line.slice(2, -2).split(" | ") : []);

const browser = await launch(), context = await browser.newContext({ offline: true }), page = await context.newPage();
await page.goto(pathToFileURL(PAGE).href);

/** The page's verdict on what somebody has in hand. A folder's files are given as the page gets them: each with its path. */
async function verdict({ kind: given, files }) {
  const all = files.map(({ path, base64 }) => ({ name: path, mimeType: "", buffer: Buffer.from(base64, "base64") }));
  if (given === "file") await choose(page, ...all);
  else await chooseFolder(all);
  return kind(page);
}

async function chooseFolder(files) {
  await page.evaluate((files) => {
    document.activeElement?.blur();
    const list = new DataTransfer();
    for (const { name, base64 } of files) {
      const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
      const file = new File([bytes], name.split("/").pop());
      Object.defineProperty(file, "webkitRelativePath", { value: `proof/${name}` });
      list.items.add(file);
    }
    const given = [...list.files].map((file, i) => Object.defineProperty(file, "webkitRelativePath", { value: `proof/${files[i].name}` }));
    Object.defineProperty(document.getElementById("folder"), "files", { value: given, configurable: true });
    document.getElementById("folder").dispatchEvent(new Event("change"));
  }, files.map(({ name, buffer }) => ({ name, base64: buffer.toString("base64") })));
  await page.waitForFunction(() => document.activeElement?.id === "verdict");
}

await run(async (test) => {
  const column = new Map();
  for (const one of cases) {
    await test(one.name, async () => {
      column.set(one.name, await verdict(one));
      assert.equal(column.get(one.name), one.verdict);
    });
  }
  const lines = readFileSync(TABLE, "utf8").split("\n");
  if (isWritten) {
    const written = lines.map((line) => {
      const cells = cellsOf(line);
      return column.has(cells[0]) ? `| ${cells.map((cell, i) => (i === COLUMN ? column.get(cells[0]) : cell)).join(" | ")} |` : line;
    });
    writeFileSync(TABLE, written.join("\n"));
    return;
  }
  const kept = new Map(lines.map(cellsOf).map((cells) => [cells[0], cells[COLUMN]]));
  for (const [name, cell] of column) await test(`the table about: ${name}`, () => assert.equal(cell, kept.get(name)));
});
await browser.close();
