// The way of somebody who has never heard of it, in headless Chromium: from the front page of the demonstration's site to a
// note, to the page that verifies, and with the network off to an opinion: node tests/page/site.mjs VERBALE
// What it needs is said in chromium.mjs. SCREENSHOTS names a folder for pictures of the pages, to be looked at.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { becomes, choose, drop, faults, file, kind, launch, outcomes, packed, picture, serve, type, unpacked }
  from "./chromium.mjs";
import { programReport, run, summary } from "./common.mjs";

assert(process.argv[2], "name the program: node site.mjs target/debug/verbale");
const program = resolve(process.argv[2]);
const folder = mkdtempSync(join(tmpdir(), "verbale-site-")), out = join(folder, "demo");
execFileSync(program, ["demo", "--exit", "--out", out], { stdio: ["ignore", "ignore", "inherit"] });

const NAME = "note-1.proof.zip";
const proof = readFileSync(join(out, "proofs", NAME)), files = unpacked(proof, folder);
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const commitment = sha256(files.find(({ name }) => name === "note-1.envelope.txt").buffer);
const posted = JSON.parse(readFileSync(join(out, "timeline.json"), "utf8")).find(({ text }) => text.startsWith("Sealed note 1\n"));
const sender = /^from \d+ (\w+)$/m.exec(files.find(({ name }) => name === "note-1.envelope.txt").buffer.toString())[1];
/** A line of log.txt is the entry's number and the entry. */
const [line] = readFileSync(join(out, "public/log.txt"), "utf8").split("\n"), entry = line.replace(/^0 /, "");

/** Another byte that may stand in the same place: a digit for a digit, else a letter of hexadecimal and of base64. */
const another = (byte) => (0x30 <= byte && byte <= 0x39 ? byte ^ 1 : byte === 0x61 ? 0x62 : 0x61);

/** The archive with one byte of one of its files changed, and nothing else: its own sums are right. */
const withChange = (name, at) => packed(files.map((one) => {
  const buffer = Buffer.from(one.buffer);
  const place = at(buffer);
  if (one.name === name) buffer[place] = another(buffer[place]);
  return { ...one, buffer };
}), folder);
const middle = (buffer) => buffer.length >> 1;
const of = (text) => (buffer) => buffer.indexOf(text) + text.length;
/** What fails if one byte of a file is another: each of these files is at least one check's business. */
const CHANGES = [
  ["note-1.envelope.txt", of("salt "), "commitment"],
  ["note-1.envelope.txt", of("note "), "commitment"],
  ["note-1.content.txt", of("text "), "content"],
  ["note-1.content.txt", (buffer) => buffer.length - 2, "content"],
  ["note-1.record.json", middle, "record"],
  ["note-1.entry.txt", of("note 20"), "inclusion"],
  ["note-1.entry.txt", (buffer) => buffer.length - 2, "commitment"],
  ["note-1.tlog-proof", (buffer) => buffer.length - 10, "signature"],
  ["note-1.tlog-proof", of("index "), "inclusion"],
  ["log.vkey", (buffer) => buffer.length - 5, "key"],
  ["post.txt", of("sha256 "), "post"],
  ["SHA256SUMS", middle, "files"],
];

const browser = await launch();
const site = await serve(join(out, "public"));
const wrong = [];

/** A page of its own; errors are noted. */
async function open(address, options = {}) {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 }, ...options });
  const page = await context.newPage();
  page.on("console", (message) => message.type() === "error" && wrong.push(message.text()));
  page.on("pageerror", (error) => wrong.push(error.message));
  await page.goto(address);
  return page;
}

/** From here on the network is off, and what the page asks for is noted in the list that is returned. */
async function goOffline(page) {
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.context().setOffline(true);
  return asked;
}

/** What a shell prints for a command that a page shows, in a folder with the proof and its files. */
async function typed(command) {
  const at = mkdtempSync(join(folder, "shell-"));
  for (const { name, buffer } of [...files, { name: NAME, buffer: proof }]) writeFileSync(join(at, name), buffer);
  const here = command.replace("ADDRESS", site.address).replace(/^verbale /, `'${program}' `);
  return (await promisify(execFile)("bash", ["-o", "pipefail", "-c", here], { cwd: at })).stdout;
}

await run(async (test) => {
  const page = await open(`${site.address}/`);
  await test("the front page says what this is, and shows the notes", async () => {
    assert.match(await page.locator("main").innerText(), /hash/i);
    const [first] = await page.locator("ol.notes > li").allInnerTexts();
    assert.match(first, /Note 2/, "the newest comes first");
    assert((await page.locator("#n1").innerText()).includes(commitment));
    assert.deepEqual(await faults(page), []);
    await picture(page, "demo-front");
  });
  await test("a note's page shows its hash, its post and its entry", async () => {
    await page.getByRole("link", { name: "Note 1", exact: true }).click();
    assert.equal(await page.locator("h1").innerText(), "Note 1");
    assert.equal((await page.locator(".hash").evaluate(({ textContent }) => textContent)), commitment);
    const blocks = await page.locator("pre").allTextContents();
    assert(blocks.includes(posted.text), "the post's words");
    assert((await page.locator("main").innerText()).includes(posted.id));
    assert(blocks.includes(entry), "the entry");
    assert.deepEqual(await faults(page), []);
    await picture(page, "demo-note", { fullPage: true });
  });
  await test("a thumb hits every way onwards", async () => {
    const small = await page.locator("nav a").evaluateAll((all) =>
      all.map((link) => [link.textContent, link.getBoundingClientRect().height]).filter(([, height]) => height < 40));
    assert.deepEqual(small, []);
  });
  await test("the commands that it shows print what it says they print", async () => {
    const [sum, verify, inLog, leaf, expected] = await page.locator("[aria-labelledby=check] pre").allTextContents();
    assert.equal((await typed(sum)).split(" ")[0], commitment);
    assert.match(await typed(`${verify} || true`), /^INTACT, NOT PROVEN YET: /m);
    assert.equal(await typed(inLog), `${line}\n`);
    assert.equal((await typed(leaf)).split(" ")[0], expected);
  });

  let asked;
  await test("with the network off, the proof that is dropped is intact", async () => {
    await page.getByRole("link", { name: "the page that checks" }).click();
    await page.locator("#files").waitFor();
    asked = await goOffline(page);
    await drop(page, file(NAME, proof));
    assert.equal(await kind(page), "intact");
    assert.equal(await page.locator("#commitment").evaluate(({ textContent }) => textContent), commitment);
    const plain = (text) => text.trim().replace(/checked \S+/, "checked");
    assert.equal(plain(await page.locator("#text-report").evaluate(({ textContent }) => textContent)), plain(await typed(`verbale verify ${NAME} || true`)));
    const words = await page.locator("#text").innerText();
    assert(files.find(({ name }) => name.endsWith("content.txt")).buffer.toString().includes(words), "the message");
  });
  await test("the post as it stands there, and the name over it, prove; another hash fails", async () => {
    await page.fill("#hash", posted.text);
    await page.locator("#hash-answer.holds").waitFor();
    await type(page, "#name", sender);
    await becomes(page, "proven");
    await page.fill("#hash", posted.text.replace(commitment, sha256("another")));
    await becomes(page, "fails");
    await page.fill("#hash", "");
    await type(page, "#name", "");
    await becomes(page, "intact");
  });
  for (const [name, at, check] of CHANGES) {
    await test(`one byte of ${name} is another: ${check} fails`, async () => {
      const bytes = withChange(name, at);
      await drop(page, file(NAME, bytes));
      const failing = Object.entries(await outcomes(page)).filter(([, outcome]) => outcome === "fails").map(([name]) => name);
      assert(failing.includes(check), `${failing} fail`);
      assert.equal(await kind(page), "fails");
      assert.equal(`fails: ${failing.join(", ")}`, summary(programReport(program, bytes)));
      assert.equal(await page.locator("#text").count(), 0, "a message that fails is not shown");
    });
  }
  await test("one byte of README.txt is another: the page says that nothing vouches for it", async () => {
    await drop(page, file(NAME, withChange("README.txt", middle)));
    assert.equal((await outcomes(page))["README.txt"], "not_checked");
    assert.match(await page.locator("[data-check='README.txt']").innerText(), /anybody may have changed it/);
  });
  await test("one byte of the archive itself is another, at 120 places: inside a file it is damaged, elsewhere as the program says", async () => {
    const inside = (at) => files.some(({ buffer }) => {
      const begin = proof.indexOf(buffer);
      return begin <= at && at < begin + buffer.length;
    });
    let damaged = 0;
    for (let i = 0; i < 120; i++) {
      const at = Math.floor((proof.length - 1) * i / 119), bytes = Buffer.from(proof);
      bytes[at] ^= 0x20;
      await drop(page, file(NAME, bytes));
      const report = programReport(program, bytes), said = await kind(page);
      if (inside(at)) {
        damaged += 1;
        assert.equal(said, "not-read", `byte ${at}`);
      }
      assert.equal(said, report.verdict, `byte ${at}`);
    }
    assert(damaged > 60, `${damaged} of the bytes were inside a file`);
  });
  await test("nothing was asked for while the network was off", () => assert.deepEqual(asked, []));

  await test("a copy that was saved does the same from a file", async () => {
    const saved = join(folder, "saved.html"), response = await fetch(`${site.address}/verify.html`);
    writeFileSync(saved, Buffer.from(await response.arrayBuffer()));
    const copy = await open(pathToFileURL(saved).href, { offline: true });
    const asked = await goOffline(copy);
    await choose(copy, file(NAME, proof));
    assert.equal(await kind(copy), "intact");
    await choose(copy, ...files);
    assert.equal(await kind(copy), "intact");
    await drop(copy, file(NAME, withChange("post.txt", of("sha256 "))));
    assert.equal(await kind(copy), "fails");
    assert.deepEqual(asked, []);
    await copy.context().close();
  });
  await test("the keyboard alone is enough, and the focus goes to the verdict", async () => {
    const keys = await open(`${site.address}/verify.html`);
    const focused = () => keys.evaluate(() => document.activeElement.id || document.activeElement.tagName);
    // The browser is told to ask the test for files before the key is pressed, or it would ask a window that nobody sees.
    const chosen = new Promise((done) => keys.on("filechooser", (chooser) => done(chooser.setFiles(file(NAME, proof)))));
    await keys.keyboard.press("Tab");
    assert.equal(await focused(), "files");
    await keys.keyboard.press("Enter");
    await chosen;
    await keys.waitForFunction(() => document.activeElement?.id === "verdict");
    assert(await keys.evaluate(() => document.activeElement.getBoundingClientRect().top < innerHeight), "it can be seen");
    const atReport = () => keys.evaluate(() => document.activeElement.matches("summary:has(+ #text-report)"));
    for (let i = 0; i < 20 && !await atReport(); i++) await keys.keyboard.press("Tab");
    assert(await atReport(), "a few tabs lead to the report");
    await keys.keyboard.press("Enter");
    assert.match(await keys.locator("#text-report").innerText(), /^INTACT, NOT PROVEN YET: /m);
    await keys.context().close();
  });
  await test("what a screen reader says of a verdict is its own region, and each outcome is a word", async () => {
    await choose(page, file(NAME, proof));
    const region = page.getByRole("region", { name: /Intact, not proven yet/ });
    await region.waitFor();
    assert.match(await region.ariaSnapshot(), /heading "Intact, not proven yet" \[level=2\]/);
    const tree = await page.locator("main").ariaSnapshot();
    assert.match(tree, /holds signature|holds[^]*signature/);
    assert.doesNotMatch(tree, /[✓✕○]/, "symbols are not read aloud");
    assert.match(tree, /Not shown: /);
    assert.equal(await page.locator("#status").getAttribute("role"), "status");
    assert.equal(await page.locator("#vkey-error").getAttribute("role"), "alert");
  });
  await test("colours that the reader forces leave every outcome a word and a border", async () => {
    const forced = await open(`${site.address}/verify.html`, { forcedColors: "active" });
    await choose(forced, file(NAME, withChange("post.txt", of("sha256 "))));
    assert.match(await forced.locator("[data-check=post] .badge").innerText(), /fails/);
    for (const at of ["[data-check=post] .badge", "#result > .verdict"]) {
      assert.equal(await forced.locator(at).evaluate((element) => getComputedStyle(element).borderLeftStyle), "solid", at);
    }
    const button = await forced.evaluate(() => getComputedStyle(document.getElementById("files"), "::file-selector-button").borderTopStyle);
    assert.equal(button, "solid", "the button looks like one");
    await picture(forced, "demo-forced", { fullPage: true });
    await forced.context().close();
  });
  await test("nothing moves for somebody who wants no movement", async () => {
    const still = await open(`${site.address}/verify.html`, { reducedMotion: "reduce" });
    await choose(still, file(NAME, proof));
    const moving = await still.evaluate(() => [...document.querySelectorAll("*")].filter((element) => {
      const { transitionDuration, animationName } = getComputedStyle(element);
      return transitionDuration !== "0s" || animationName !== "none";
    }).map(({ tagName, id }) => `${tagName} ${id}`));
    assert.deepEqual(moving, []);
    await still.context().close();
  });
  await test("nothing went wrong unseen", () => assert.deepEqual(wrong, []));
});
await browser.close();
site.server.close();
rmSync(folder, { recursive: true });
