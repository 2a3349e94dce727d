// The page in headless Chromium, opened from a file with the network off: node tests/page/browser.mjs VERBALE
// What it needs is said in chromium.mjs. SCREENSHOTS names a folder for pictures of the page, to be looked at.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { choose, drop, faults, file as zip, launch, outcomes, packed, picture, unpacked as filesOf, verdict, withoutEd25519 }
  from "./chromium.mjs";
import { PAGE, readVector, run, vectors } from "./common.mjs";
import { judge } from "./judge.mjs";

const program = process.argv[2];
const ADDRESS = pathToFileURL(PAGE).href;

const vector = (name) => readVector(new URL(`../vectors/proof/${name}.txt`, import.meta.url));
const full = vector("full"), folder = mkdtempSync(join(tmpdir(), "verbale-page-"));
const changed = Buffer.from(full.bytes);
changed[changed.indexOf("Embassy p")] ^= 1;

const unpacked = (bytes) => filesOf(bytes, folder);

const browser = await launch();
const asked = [];

/** A page of its own, offline; what it asks anybody for is noted, and so is each error. */
async function open(options = {}) {
  const context = await browser.newContext({ offline: true, viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.on("request", (request) => asked.push(request.url()));
  page.on("console", (message) => message.type() === "error" && asked.push(message.text()));
  page.on("pageerror", (error) => asked.push(error.message));
  await page.goto(ADDRESS);
  return page;
}

const noSidewaysScroll = (page) => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);

/** How much the colours of text differ from what is behind it, by WCAG 2: the smallest ratio on the page. */
const contrast = (page) => page.evaluate(() => {
  const parse = (color) => color.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color[3] !== 0) return color;
    }
    return [255, 255, 255];
  };
  let least = 21;
  for (const element of document.querySelectorAll("body *")) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "");
    if (!hasText || !element.checkVisibility()) continue;
    const [a, b] = [light(parse(getComputedStyle(element).color)), light(behind(element))];
    least = Math.min(least, (Math.max(a, b) + .05) / (Math.min(a, b) + .05));
  }
  return least;
});

await run(async (test) => {
  await test("the policy allows these scripts and this style, and nothing else", () => {
    const html = readFileSync(PAGE, "utf8");
    const [policy] = /content="default-src[^"]*"/.exec(html);
    const hashes = [...html.matchAll(/<(?:script|style)[^>]*>([^]*?)<\/(?:script|style)>/g)]
      .map(([, text]) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`);
    assert.equal(hashes.length, 4);
    for (const hash of hashes) assert(policy.includes(hash), `the policy in ${PAGE} must name ${hash}`);
    assert(policy.includes("default-src 'none'") && !policy.includes("unsafe"), policy);
  });

  const page = await open();
  await page.evaluate(`globalThis.judge = ${judge.toString()}`);
  for (const vector of vectors(program)) {
    await test(`in the browser: ${vector.name}`, async () => {
      vector.compare(await page.evaluate((input) => judge(Verify, input), vector.input));
    });
  }

  await test("a proof that is chosen holds", async () => {
    await choose(page, zip("note-2.proof.zip", full.bytes));
    assert.match(await verdict(page), /All that was checked holds/);
    const all = await outcomes(page);
    assert.equal(all.signature, "holds");
    assert.equal(all.key, "not_checked");
    assert.match(await page.locator("#text").innerText(), /^Embassy p|Embassy p/);
    const hash = createHash("sha256").update(unpacked(full.bytes).find(({ name }) => name.endsWith("envelope.txt")).buffer).digest("hex");
    assert.equal(await page.locator("#commitment").evaluate((element) => element.textContent), hash);
    const selected = await page.evaluate(() => {
      getSelection().selectAllChildren(document.getElementById("commitment"));
      return getSelection().toString();
    });
    assert.equal(selected, hash, "copied, it is one word");
    const link = page.locator(".eye a");
    assert.match(await link.getAttribute("href"), /^https:\/\/x\.com\//);
    assert.match(await link.getAttribute("rel"), /noreferrer/);
  });
  await test("a proof that is dropped, with one byte changed, fails, and says where", async () => {
    const page = await open();
    await drop(page, zip("note-2.proof.zip", changed));
    assert.match(await verdict(page), /This proof fails: files/);
    assert.match(await page.locator("[data-check=files]").innerText(), /cannot be unpacked/);
    assert.equal(await page.locator("#commitment").count(), 0);
    for (const [name, check] of [["forged-note-2.content.txt", "content, record"], ["forged-note-2.tlog-proof", "inclusion"]]) {
      await drop(page, zip("note-2.proof.zip", vector(name).bytes));
      assert.match(await verdict(page), new RegExp(`fails: ${check}$`));
      assert.equal(await page.locator("#text").count(), 0);
    }
    await page.context().close();
  });
  await test("a proof packed anew by another program holds", async () => {
    await choose(page, zip("again.zip", packed(unpacked(full.bytes), folder)));
    assert.match(await verdict(page), /All that was checked holds/);
  });
  await test("the text of the report is the program's", async () => {
    await choose(page, zip("note-2.proof.zip", full.bytes));
    const path = join(folder, "note-2.proof.zip");
    writeFileSync(path, full.bytes);
    const expected = execFileSync(program, ["verify", path], { encoding: "utf8" });
    assert.equal(await page.locator("#text-report").evaluate((element) => element.textContent), expected);
  });
  await test("a key from elsewhere is compared", async () => {
    await page.fill("#vkey", full.headers.vkey);
    await page.locator("#vkey").blur();
    await page.waitForFunction(() => document.querySelector("[data-check=key]")?.dataset.outcome === "holds");
    await page.fill("#vkey", "embassy.example/notes+00000000+AA==");
    await page.locator("#vkey").blur();
    await page.waitForFunction(() => !document.querySelector("#vkey-error").hidden);
    assert.match(await verdict(page), /cannot be checked/);
    await page.fill("#vkey", "");
    await page.locator("#vkey").blur();
    await page.waitForFunction(() => document.querySelector("[data-check=key]")?.dataset.outcome === "not_checked");
  });
  await test("a policy is taken as a key is, and its witnesses are looked for", async () => {
    const page = await open(), policy = Buffer.from(vector("witnesses-enough").headers.policy, "base64").toString();
    const give = async (text) => { await page.fill("#vkey", text); await page.locator("#vkey").blur(); };
    const witnesses = (outcome) => page.waitForFunction((outcome) =>
      document.querySelector("[data-check=witnesses]")?.dataset.outcome === outcome, outcome);
    await choose(page, zip("note-2.proof.zip", vector("witnesses-enough").bytes));
    assert.equal((await outcomes(page)).witnesses, undefined);
    await give(policy);
    await witnesses("holds");
    assert.equal((await outcomes(page)).key, "holds");
    assert.match(await page.locator(".claims").innerText(), /by the word of the trusted witnesses/);
    await choose(page, zip("note-2.proof.zip", full.bytes));
    assert.match(await verdict(page), /fails: witnesses$/);
    await give(policy.replace("quorum two", "quorum three"));
    await page.locator("#vkey-error").waitFor();
    assert.match(await page.locator("#vkey-error").innerText(), /policy, line 6: expected none, or a name that is defined before/);
    await page.context().close();
  });
  await test("the key of the recipient's log is asked for where there is a receipt, and compared", async () => {
    const page = await open(), known = vector("receipt-known");
    const field = page.getByLabel("The public key of the recipient’s log, if you have it from elsewhere");
    const delivery = () => page.locator(".claims").innerText()
      .then((text) => text.replace(/\s+/g, " ").split("Delivery: that the other side had it")[1]);
    const compared = (outcome) => page.waitForFunction((outcome) =>
      document.querySelector('[data-check="receipt key"]')?.dataset.outcome === outcome, outcome);
    assert(!await field.isVisible());
    await choose(page, zip("note-2.proof.zip", full.bytes));
    assert(!await field.isVisible(), "this proof has no receipt");
    await choose(page, zip("note-2.proof.zip", known.bytes));
    await compared("not_checked");
    assert.match(await delivery(), /anybody could have written that/);
    assert.doesNotMatch(await delivery(), /Shown: /);
    await page.focus("#vkey");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.id), "receipt-vkey");
    await page.keyboard.type(known.headers["receipt-vkey"]);
    await page.keyboard.press("Tab");
    await compared("holds");
    assert.match(await delivery(), /Shown: the recipient's word, its countersigned receipt: whoever holds the key ministry\.example/);
    assert.equal(await page.locator(".eye", { hasText: "The key of the receipt’s log" }).count(), 0, "it need not be compared by eye");
    await choose(page, zip("note-2.proof.zip", vector("receipt-in-the-recipients-name").bytes));
    assert.match(await verdict(page), /fails: receipt log, receipt key$/);
    await choose(page, zip("note-2.proof.zip", full.bytes));
    assert(await field.isVisible(), "what stands in it stays in sight");
    await field.fill("ministry.example+00000000+AA==");
    await field.blur();
    await page.locator("#receipt-vkey-error").waitFor();
    assert.equal(await field.getAttribute("aria-invalid"), "true");
    assert.match(await verdict(page), /cannot be checked/);
    await field.fill("");
    await field.blur();
    await page.waitForFunction(() => document.getElementById("receipt-vkey-field").hidden);
    assert.match(await verdict(page), /All that was checked holds/);
    await page.context().close();
  });
  await test("a pasted hash is compared, and so is a post's whole text", async () => {
    await choose(page, zip("note-2.proof.zip", full.bytes));
    const hash = await page.locator("#commitment").evaluate((element) => element.textContent);
    const answer = async (text) => {
      await page.fill("#hash", text);
      await page.waitForTimeout(50);
      return (await page.locator("#hash-answer").innerText()).slice(0, 9);
    };
    assert.match(await answer(hash), /^The same/);
    assert.match(await answer(hash.toUpperCase().match(/.{8}/g).join(" ")), /^The same/);
    assert.match(await answer(`Sealed note 2\nsha256 ${hash}\nlog 5 x`), /^The same/);
    const words = await page.locator(".eye pre").first().evaluate((element) => element.textContent);
    assert.match(await answer(`${words}\n`), /^The same,$/);
    assert.match(await answer(words.replace(/^log \d+/m, "log 6")), /^The hash $/);
    assert.match(await answer(`Sealed notes 1-2\n${words.split("\n").at(-1)}`), /^Other wor/);
    assert.match(await answer("0".repeat(64)), /^Another/);
    assert.match(await answer("12345"), /^There is /);
    await page.fill("#hash", "");
    const fresh = await open();
    await fresh.fill("#hash", hash);
    await fresh.locator("#hash-answer:not([hidden])").waitFor();
    const alone = () => fresh.locator("#hash-answer").innerText();
    assert.match(await alone(), /^On its own it shows only that somebody wrote it/);
    await fresh.fill("#hash", words);
    await fresh.waitForFunction(() => /^This is the text of the post for note 2\./.test(document.querySelector("#hash-answer").textContent));
    await fresh.fill("#hash", `Sealed notes 1-2\n${words.split("\n").at(-1)}`);
    await fresh.waitForFunction(() => /for notes 1 to 2, which shows the hash of none/.test(document.querySelector("#hash-answer").textContent));
    // The post of a receipt says something by itself, and is compared with the one in a proof.
    const receipt = vector("receipt").bytes;
    const file = unpacked(receipt).find(({ name }) => name === "receipt.post").buffer.toString();
    const received = file.replace(/^[^]*?\ntext \d+\n/, "").replace(/\n$/, "");
    await fresh.fill("#hash", received);
    await fresh.waitForFunction(() => /^This is the text of a receipt/.test(document.querySelector("#hash-answer").textContent));
    await choose(fresh, zip("note-2.proof.zip", receipt));
    await fresh.waitForFunction(() => /receipt’s post/.test(document.querySelector("#hash-answer.holds")?.textContent));
    await fresh.fill("#hash", received.replace("note 2", "note 3"));
    await fresh.waitForFunction(() => /receipt’s post/.test(document.querySelector("#hash-answer.fails")?.textContent));
    await fresh.context().close();
  });
  await test("single files are checked as far as they go", async () => {
    const files = unpacked(full.bytes);
    await choose(page, ...files);
    assert.match(await verdict(page), /All that was checked holds/);
    const envelope = files.find(({ name }) => name.endsWith("envelope.txt"));
    await choose(page, { ...envelope, name: "renamed (1).txt" });
    assert.match(await verdict(page), /much was not checked/);
    assert.equal((await outcomes(page)).commitment, "not_checked");
    assert.equal(await page.locator(".shown").count(), 0);
    for (const few of [/envelope|content/, /envelope|content|SHA256SUMS/, /record|SHA256SUMS/, /attachment|content/]) {
      await choose(page, ...files.filter(({ name }) => few.test(name)));
      assert.match(await verdict(page), /much was not checked/, `${few}`);
    }
    const some = files.filter(({ name }) => /envelope|entry|tlog-proof|vkey|post/.test(name));
    await choose(page, ...some);
    assert.match(await verdict(page), /All that was checked holds/);
    const other = { ...envelope, buffer: Buffer.from(envelope.buffer.toString().replace("embassy\n", "embassi\n")) };
    await choose(page, ...some.filter((file) => file !== envelope), other);
    assert.match(await verdict(page), /^\S+ This fails: commitment, post$/);
  });
  await test("what is no proof is said to be none", async () => {
    await choose(page, zip("letter.zip", Buffer.from("Dear Sirs")));
    assert.match(await verdict(page), /cannot be checked/);
    await choose(page, { name: "log.key", mimeType: "", buffer: Buffer.from("PRIVATE+KEY+a+00000000+AA\n") });
    assert.match(await page.locator("#result").innerText(), /secret key/);
  });
  await test("without Ed25519 the signature is not checked, and nothing is pretended", async () => {
    const page = await open();
    await withoutEd25519(page);
    await choose(page, zip("note-2.proof.zip", full.bytes));
    assert.match(await verdict(page), /Not all could be checked here: signature/);
    assert.equal(await page.locator(".shown").count(), 0);
    assert.equal((await outcomes(page)).inclusion, "holds");
    await page.context().close();
  });
  await test("without WebCrypto nothing is checked", async () => {
    const page = await open();
    await page.evaluate(() => Object.defineProperty(crypto, "subtle", { value: undefined }));
    await choose(page, zip("note-2.proof.zip", full.bytes));
    assert.match(await verdict(page), /Not all could be checked here: files/);
    assert.deepEqual([...new Set(Object.values(await outcomes(page)))], ["not_checked"]);
    await page.context().close();
  });
  await test("the keyboard reaches everything in order, and everything has a name", async () => {
    const page = await open();
    const skips = () => page.evaluate(() => [...document.querySelectorAll("h1, h2, h3, h4")]
      .map(({ tagName }) => Number(tagName[1])).some((level, i, all) => i > 0 && level > all[i - 1] + 1));
    assert(!await skips(), "no level of heading is skipped");
    const order = [];
    for (let i = 0; i < 5; i++) {
      await page.keyboard.press("Tab");
      order.push(await page.evaluate(() => document.activeElement.id || document.activeElement.tagName));
    }
    assert.deepEqual(order, ["files", "hash", "vkey", "SUMMARY", "SUMMARY"]);
    await choose(page, zip("note-2.proof.zip", full.bytes));
    const names = await page.evaluate(() => [...document.querySelectorAll("input, textarea")].every(({ labels }) => labels.length === 1));
    assert(names, "every field has a label");
    assert(!await skips(), "no level of heading is skipped in a report");
    await page.context().close();
  });

  for (const colorScheme of ["light", "dark"]) {
    for (const [width, height] of [[360, 800], [1280, 900]]) {
      const page = await open({ colorScheme, viewport: { width, height }, reducedMotion: "reduce" });
      const look = async (state) => {
        await test(`${state}, ${width} wide, ${colorScheme}: fits, and can be read`, async () => {
          assert(await noSidewaysScroll(page), "it scrolls sideways");
          const least = await contrast(page);
          assert(least >= 4.5, `the least contrast is ${least.toFixed(2)}`);
        });
        await test(`${state}, ${width} wide, ${colorScheme}: nothing that axe finds wrong`, async () => {
          assert.deepEqual(await faults(page), []);
        });
        await picture(page, `verify-${state}-${width}-${colorScheme}`, { fullPage: true });
      };
      await look("empty");
      await choose(page, zip("note-2.proof.zip", full.bytes));
      await look("holds");
      await choose(page, zip("note-2.proof.zip", vector("receipt").bytes));
      await look("receipt");
      await choose(page, zip("note-2.proof.zip", vector("forged-note-2.content.txt").bytes));
      await look("fails");
      await withoutEd25519(page);
      await choose(page, zip("note-2.proof.zip", full.bytes));
      await look("not-checked");
      await page.context().close();
    }
  }
  await test("nobody was asked for anything, and nothing went wrong unseen", () => {
    assert.deepEqual([...new Set(asked)], [ADDRESS]);
  });
});
await browser.close();
rmSync(folder, { recursive: true });
