// The page in headless Chromium, opened from a file with the network off: node tests/page/browser.mjs VERBALE
// What it needs is said in chromium.mjs. SCREENSHOTS names a folder for pictures of the page, to be looked at.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { becomes, choose, drop, faults, file as zip, kind, launch, outcomes, packed, picture, type, unpacked as filesOf, verdict }
  from "./chromium.mjs";
import { PAGE, readVector, run, vectors } from "./common.mjs";
import { judge } from "./judge.mjs";
import { logKey, proof, witness, zip as archive } from "./proofs.mjs";

const program = process.argv[2];
const ADDRESS = pathToFileURL(PAGE).href;
/** A sheet of paper without its margins, in pixels. */
const A4_WIDTH = 720;

const vector = (name) => readVector(new URL(`../vectors/proof/${name}.txt`, import.meta.url));
const full = vector("full"), folder = mkdtempSync(join(tmpdir(), "verbale-page-"));
const changed = Buffer.from(full.bytes);
changed[changed.indexOf("Embassy p")] ^= 1;

/** A proof that this test made, and the file of it. */
const ours = proof();
const made = () => zip("note-2.proof.zip", archive([...ours.files]));

const result = (page) => page.locator("#result").innerText();
const failing = (page) => outcomes(page).then((all) => Object.keys(all).filter((name) => all[name] === "fails").join(", "));
const says = (page, words) => page.waitForFunction(({ source }) => new RegExp(source).test(document.getElementById("result").innerText),
  { source: words.source });
const answered = (page, field, outcome) => page.locator(`#${field}-answer.${outcome}`).waitFor();

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

  await test("a proof that is chosen is intact, and not proven yet", async () => {
    await choose(page, zip("note-2.proof.zip", full.bytes));
    assert.equal(await verdict(page), "◐ Intact, not proven yet");
    const all = await outcomes(page);
    assert.equal(all.signature, "holds");
    assert.equal(all.key, "not_checked");
    assert.match(await result(page), /only the file itself says[^]*must be by @embassy \(account 2244994945\)/);
    assert.match(await page.locator("#text").innerText(), /Embassy p/);
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
  await test("a proof with a forged part fails, and says where", async () => {
    const page = await open();
    for (const [name, check, words] of [["forged-note-2.content.txt", "content, record", /The text in this file is not the text that was sealed/],
      ["forged-note-2.tlog-proof", "inclusion", /The parts of this file do not fit each other/]]) {
      await drop(page, zip("note-2.proof.zip", vector(name).bytes));
      assert.equal(await kind(page), "fails");
      assert.equal(await failing(page), check);
      assert.match(await result(page), words);
      assert.doesNotMatch(await result(page), /[0-9a-f]{64}/, "digits stand below");
      assert(!await page.locator("#eye").isVisible(), "nothing that is seen elsewhere mends that");
      assert.equal(await page.locator("#text").count() + await page.locator("#commitment").count(), 0);
    }
    await page.context().close();
  });
  await test("a proof of which one byte is another was damaged on its way, and is not read", async () => {
    await drop(page, zip("note-2.proof.zip", changed));
    assert.equal(await kind(page), "not-read");
    assert.match(await result(page), /That says nothing for or against the note[^]*checksum is another/);
  });
  await test("a proof packed anew by another program is judged as the honest one, and that is said", async () => {
    await choose(page, zip("again.zip", packed(unpacked(full.bytes), folder)));
    assert.equal(await kind(page), "intact");
    assert.match(await page.locator("#carried").innerText(), /Packed anew: by another program/);
  });
  await test("the text of the report is the program's", async () => {
    await choose(page, zip("note-2.proof.zip", full.bytes));
    const path = join(folder, "note-2.proof.zip");
    writeFileSync(path, full.bytes);
    const { stdout } = spawnSync(program, ["verify", path], { encoding: "utf8" });
    const plain = (text) => text.trim().replace(/checked \S+/, "checked").replace(`${folder}/`, "");
    assert.equal(plain(await page.locator("#text-report").evaluate((element) => element.textContent)), plain(stdout));
  });

  await test("the post that was seen, its words and the name over it, proves: who, and by when", async () => {
    const page = await open();
    await choose(page, made());
    await page.fill("#hash", ours.post);
    await answered(page, "hash", "holds");
    assert.equal(await kind(page), "intact", "words alone do not prove: anybody can post them");
    assert.match(await result(page), /whose name stands over the post/);
    await page.focus("#name");
    for (const typed of ["@", "e", "m", "b"]) await page.keyboard.type(typed);
    assert.equal(await kind(page), "intact", "a name that is not finished is not another one");
    await page.keyboard.type("ASSY");
    await becomes(page, "proven");
    assert.match(await result(page), /Who: @embassy \(account 2244994945\)[^]*By when: no later than 9 March 2018, 17:25:34 UTC, which X puts into the post’s number/);
    assert.equal(await page.evaluate(() => document.activeElement.id), "name", "the focus stays where somebody types");
    assert.match(await result(page), /Shown: @embassy published the fingerprint of exactly this text, no later than 9 March 2018[^]*Not shown: that @ministry received or read it; that what it says is true/);
    const platform = page.locator("[data-check=platform]"), since = page.locator(".claims li", { hasText: "no later than" });
    assert.match(await platform.innerText(), /you saw it[^]*you said that you saw it there, with these words, under the name @embASSY/);
    assert.match(await since.innerText(), /^✓[^]*the post that you saw$/);
    assert.equal(await page.locator(".claims .said", { hasText: "you said that you saw it" }).count(), 1);
    for (const text of await page.locator(".claims .shown").allInnerTexts()) assert.doesNotMatch(text, /sender's word|the sender stated|if the post/);
    await page.fill("#hash", "");
    await becomes(page, "intact");
    assert.match(await since.innerText(), /^◇[^]*if the post stands there$/);
    assert.match(await platform.innerText(), /not checked/);
    assert.match(await result(page), /A name alone proves nothing/);
    await page.context().close();
  });
  await test("an impostor's proof, whose own post is pasted, fails by the name over the post", async () => {
    const page = await open(), forged = proof({ key: logKey("embassy.example/notes", 9) });
    await choose(page, zip("impostor.zip", archive([...forged.files])));
    await page.fill("#hash", forged.post);
    await type(page, "#name", "embassy_");
    await becomes(page, "fails");
    assert.match(await result(page), /by somebody else[^]*Another name: the proof says @embassy, and not @embassy_/);
    assert.match(await page.locator("#whose").innerText(), /Whose post it must be: @embassy/);
    await page.context().close();
  });
  await test("a post by another name inside of the proof fails", async () => {
    await choose(page, zip("impostor.zip", archive([...proof({ by: "2244994945 embassy_" }).files])));
    assert.equal(await kind(page), "fails");
    assert.equal(await failing(page), "post");
  });
  await test("another hash turns the verdict red, and its own turns it back", async () => {
    const page = await open();
    await choose(page, made());
    for (const other of ["0".repeat(64), ours.post.replace(/^log \d+/m, "log 6"), ours.post.replace(ours.commitment, "1".repeat(64))]) {
      await page.fill("#hash", other);
      await becomes(page, "fails");
      assert.equal(await verdict(page), "✕ What you pasted is of another post");
      assert.match(await result(page), /The file itself fits/);
      assert(!await page.locator(".claims").isVisible(), "nothing is shown by it");
      await page.fill("#hash", ours.commitment);
      await becomes(page, "intact");
    }
    await page.context().close();
  });
  await test("a key that is known says who, and only where it is from says whether it counts", async () => {
    const page = await open();
    await choose(page, made());
    assert(!await page.locator("#key-from").isVisible());
    await page.focus("#vkey");
    await page.keyboard.insertText(ours.key.vkey);
    assert(await page.locator("#key-from").isVisible());
    await page.locator("#vkey").blur();
    await says(page, /say below where the key is from/);
    await page.selectOption("#key-from", "giver");
    await says(page, /the key counts for nothing/);
    assert.equal((await outcomes(page)).key, "not_checked");
    await page.selectOption("#key-from", "sender");
    await says(page, /Who: the holder of the log’s key[^]*But by when, only the file itself says/);
    assert.equal(await kind(page), "intact");
    assert.equal((await outcomes(page)).key, "holds");
    // A name that changed is a question then, and no accusation.
    await page.fill("#hash", ours.post);
    await type(page, "#name", "embassy_of_example");
    await says(page, /Has the account been renamed\?/);
    assert.equal(await kind(page), "intact");
    await page.check("#renamed");
    await becomes(page, "proven");
    await type(page, "#vkey", logKey("embassy.example/notes", 9).vkey);
    await becomes(page, "fails");
    assert.match(await result(page), /The key in this proof is not the one that you gave/);
    await page.context().close();
  });
  await test("a policy and its quorum of witnesses prove with the key", async () => {
    const page = await open(), one = witness("witness.example/one", 3), sealed = 1_520_616_400;
    const policy = (quorum) => `log ${ours.key.vkey}\r\nwitness one ${one.vkey}  \r\nquorum ${quorum}`;
    const cosigned = proof({ witnesses: [[one, sealed]] });
    await choose(page, zip("note-2.proof.zip", archive([...cosigned.files])));
    await type(page, "#vkey", `\ufeff${policy("one")}`);
    await says(page, /say below where the key is from/);
    await page.selectOption("#key-from", "trusted");
    await becomes(page, "proven");
    assert.match(await result(page), /By when: no later than 9 March 2018, 17:26:40 UTC, by the word of the witnesses/);
    await choose(page, made());
    assert.equal(await kind(page), "fails");
    assert.match(await result(page), /That alone does not make it false/);
    await type(page, "#vkey", policy("two"));
    await page.locator("#vkey-error").waitFor();
    assert.match(await page.locator("#vkey-error").innerText(), /policy, line 3: expected none, or a name that is defined before/);
    await becomes(page, "not-read");
    await page.context().close();
  });
  await test("a key that is typed while a proof is read is not lost", async () => {
    const page = await open();
    await page.focus("#vkey");
    await page.setInputFiles("#files", [made()]);
    await page.keyboard.type(ours.key.vkey, { delay: 2 });
    await becomes(page, "intact");
    assert.equal(await page.inputValue("#vkey"), ours.key.vkey);
    assert.equal(await page.evaluate(() => document.activeElement.id), "vkey");
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
    await choose(page, zip("note-2.proof.zip", full.bytes));
    assert(await field.isVisible(), "what stands in it stays in sight");
    await field.fill("ministry.example+00000000+AA==");
    await field.blur();
    await page.locator("#receipt-vkey-error").waitFor();
    assert.equal(await field.getAttribute("aria-invalid"), "true");
    assert.equal(await kind(page), "not-read");
    await field.fill("");
    await field.blur();
    await page.waitForFunction(() => document.getElementById("receipt-vkey-field").hidden);
    await becomes(page, "intact");
    await page.context().close();
  });
  await test("a pasted hash is compared in any form, and so is a post, a run's too", async () => {
    const page = await open(), run = proof({ post: "to be made" }), root = ours.post.split("\n")[2];
    const runText = `Sealed notes 1-2\n${root}`, ofRun = proof({ post: runText });
    assert.equal(run.files.size, ofRun.files.size);
    const answer = async (text) => {
      await page.fill("#hash", text);
      await page.waitForTimeout(50);
      return (await page.locator("#hash-answer").innerText()).slice(0, 9);
    };
    await choose(page, made());
    const hash = ours.commitment;
    assert.match(await answer(hash), /^The same/);
    assert.match(await answer(hash.toUpperCase().match(/.{8}/g).join(" ")), /^The same/);
    assert.match(await answer(`sha256 ${hash}, as posted`), /^The same/);
    for (const words of [ours.post, `${ours.post}\n`, ours.post.replace(/\n/g, " "), ours.post.replace(/\n/g, "\r\n\r\n"),
      `Embassy\n@embassy\n·\n9 Mar\n${ours.post}\n5:25 PM · Mar 9, 2018\n12 Views`, ours.post.replace(hash, hash.match(/.{16}/g).join("\n"))]) {
      assert.match(await answer(words), /^The same,$/, words);
    }
    assert.match(await answer(ours.post.replace(/^log \d+/m, "log 6")), /^The hash $/);
    assert.match(await answer(runText), /^Other wor/);
    assert.match(await answer("0".repeat(64)), /^Another/);
    assert.match(await answer("12345"), /^There is /);
    assert.match(await answer("https://x.com/embassy/status/972161486226130123?s=20"), /^This is t/);
    await page.fill("#hash", "");
    await choose(page, zip("run.zip", archive([...ofRun.files])));
    for (const words of [runText, runText.replace("\n", "  "), `@embassy\n${runText.replace("-", " – ")}\n3 reposts`]) {
      assert.match(await answer(words), /^The same,$/, words);
    }
    await type(page, "#name", "embassy");
    await becomes(page, "proven");
    const fresh = await open();
    const alone = (form) => fresh.waitForFunction((form) => new RegExp(form).test(document.querySelector("#hash-answer").textContent), form);
    await fresh.fill("#hash", hash);
    await alone("^On its own it shows only that somebody wrote it");
    await fresh.fill("#hash", ours.post);
    await alone("^This is the text of the post for note 2\\.");
    await fresh.fill("#hash", runText);
    await alone("for notes 1 to 2, which shows the hash of none");
    await fresh.context().close();
    await page.context().close();
  });
  await test("the post of a receipt is compared with the one in a proof", async () => {
    const page = await open(), receipt = vector("receipt").bytes;
    const file = unpacked(receipt).find(({ name }) => name === "receipt.post").buffer.toString();
    const received = file.replace(/^[^]*?\ntext \d+\n/, "").replace(/\n$/, "");
    await page.fill("#hash", received);
    await page.waitForFunction(() => /^This is the text of a receipt/.test(document.querySelector("#hash-answer").textContent));
    await choose(page, zip("note-2.proof.zip", receipt));
    await page.waitForFunction(() => /receipt’s post/.test(document.querySelector("#hash-answer.holds")?.textContent));
    await page.fill("#hash", received.replace("note 2", "note 3"));
    await page.waitForFunction(() => /receipt’s post/.test(document.querySelector("#hash-answer.fails")?.textContent));
    await page.context().close();
  });
  await test("all files out of a proof, one by one or in a folder, are a proof", async () => {
    const files = unpacked(full.bytes), page = await open();
    await choose(page, ...files);
    assert.equal(await kind(page), "intact");
    await drop(page, ...files);
    assert.equal(await kind(page), "intact");
    const at = mkdtempSync(join(folder, "chosen-"));
    for (const { name, buffer } of [...files, { name: ".DS_Store", buffer: Buffer.from("x") }]) writeFileSync(join(at, name), buffer);
    await page.evaluate(() => document.activeElement.blur());
    await page.setInputFiles("#folder", at);
    await page.waitForFunction(() => document.activeElement?.id === "verdict");
    assert.equal(await kind(page), "intact");
    assert.match(await page.locator("#carried").innerText(), /\.DS_Store/);
    await page.context().close();
  });
  await test("single files are a part of a proof: not read, with what could be compared", async () => {
    const files = [...ours.files].map(([name, buffer]) => ({ name, mimeType: "", buffer })), page = await open();
    const envelope = files.find(({ name }) => name.endsWith("envelope.txt"));
    await choose(page, { ...envelope, name: "renamed (1).txt" });
    assert.equal(await kind(page), "not-read");
    assert.match(await result(page), /one file of a proof[^]*compared as far as that goes/);
    assert.equal((await outcomes(page)).commitment, "not_checked");
    assert.equal(await page.locator(".shown").count(), 0);
    for (const few of [/envelope|content/, /envelope|content|SHA256SUMS/, /record|SHA256SUMS/, /attachment|content/]) {
      await choose(page, ...files.filter(({ name }) => few.test(name)));
      assert.equal(await kind(page), "not-read", `${few}`);
    }
    const some = files.filter(({ name }) => /envelope|entry|tlog-proof|vkey|post/.test(name));
    await choose(page, ...some);
    assert.match(await result(page), /parts of the proof were removed on the way: SHA256SUMS/i);
    assert.equal((await outcomes(page)).inclusion, "holds");
    const other = { ...envelope, buffer: Buffer.from(envelope.buffer.toString().replace("embassy\n", "embassi\n")) };
    await choose(page, ...some.filter((file) => file !== envelope), other);
    assert.equal(await kind(page), "not-read");
    assert.match(await result(page), /What differs: commitment/);
    await page.context().close();
  });
  await test("what is no proof is called what it is, and the next step is said", async () => {
    for (const [name, bytes, words] of [
      ["letter.zip", "Dear Sirs", /this is a text, not a proof[^]*ask for a file like note-17\.proof\.zip/i],
      ["photo.png", "\x89PNG\r\n", /this is a picture[^]*nothing in it can be checked/i],
      ["proof.zip", "<!DOCTYPE html><title>Sign in", /this is a web page[^]*page to sign in/i],
      ["log.key", "PRIVATE+KEY+a+00000000+AA\n", /this is a secret key[^]*give it to nobody/i],
    ]) {
      await choose(page, { name, mimeType: "", buffer: Buffer.from(bytes, "latin1") });
      assert.equal(await kind(page), "not-read");
      assert.match(await result(page), words);
      assert.equal(await page.locator(".checks").count(), 0);
    }
  });
  await test("a slip is checked against the message", async () => {
    const page = await open(), text = ours.files.get("note-2.content.txt").toString();
    const header = text.slice(0, text.indexOf("\ntext ")) + `\ntext ${ours.text.length}`;
    const slip = `verbale slip v1\n${ours.files.get("note-2.envelope.txt")}${header}`.replace(/\.(?=[A-Za-z]{2})/g, "[.]");
    await page.locator("#slip-form summary").click();
    await page.fill("#slip-text", `${slip}\n`);
    await page.fill("#slip-message", `${ours.text}\n`);
    await page.getByRole("button", { name: "Check the message" }).click();
    await becomes(page, "intact");
    assert.match(await result(page), /This message is the one that the slip commits to[^]*@embassy/);
    await page.fill("#hash", ours.post);
    await answered(page, "hash", "holds");
    await page.fill("#hash", "");
    await page.fill("#slip-message", ours.text.replace("compliments", "regrets"));
    await page.getByRole("button", { name: "Check the message" }).click();
    await becomes(page, "fails");
    assert.match(await result(page), /not the one that the slip is about[^]*Is the message the one that the slip is about\? No: the message is/);
    await page.fill("#slip-text", "verbale slip v1");
    await page.getByRole("button", { name: "Check the message" }).click();
    await becomes(page, "not-read");
    await page.context().close();
  });

  await test("without WebCrypto, as over plain http, it says where to go", async () => {
    const page = await open();
    await page.evaluate(() => Object.defineProperty(crypto, "subtle", { value: undefined }));
    await choose(page, zip("note-2.proof.zip", full.bytes));
    assert.equal(await kind(page), "not-read");
    assert.match(await result(page), /Next: open the https address of this page, or save the page and open the file\./);
    await page.context().close();
  });
  await test("without the browser's Ed25519 and its unpacking the same is said", async () => {
    const page = await open();
    await page.evaluate(() => {
      const real = SubtleCrypto.prototype.importKey;
      SubtleCrypto.prototype.importKey = function (...all) {
        if (all[2].name === "Ed25519") throw new DOMException("unknown", "NotSupportedError");
        return real.apply(this, all);
      };
      delete globalThis.DecompressionStream;
    });
    await choose(page, zip("note-2.proof.zip", packed(unpacked(full.bytes), folder)));
    assert.equal(await kind(page), "intact");
    assert.equal((await outcomes(page)).signature, "holds");
    await page.context().close();
  });
  await test("its own Ed25519 says what the browser's says", async () => {
    const differ = await page.evaluate(async () => {
      const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]), faults = [];
      const key = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
      for (let i = 0; i < 60; i++) {
        const text = "x".repeat(i), bytes = new TextEncoder().encode(text);
        const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", pair.privateKey, bytes));
        if (i % 3 > 0) signature[i % 64] ^= 1 << (i % 8);
        const theirs = await crypto.subtle.verify("Ed25519", pair.publicKey, signature, bytes);
        if (theirs !== await Verify.made({ key }, signature, text)) faults.push(i);
      }
      return faults;
    });
    assert.deepEqual(differ, []);
  });
  await test("the script has nothing that an older Safari cannot read", () => {
    const scripts = readFileSync(PAGE, "utf8");
    for (const [what, form] of [["lookbehind", /\(\?<[=!]/], ["a static block", /static\s*\{/], ["the flag v", /\/[dgimsuy]*v[dgimsuy]*[;,.)\s]/],
      ["at()", /\.at\(/], ["hasOwn", /Object\.hasOwn/], ["replaceAll", /\.replaceAll\(/], ["structuredClone", /structuredClone/],
      ["findLast", /\.findLast/], ["a private name", /this\.#/], ["the flag d", /\/[gimsuy]*d[gimsuy]*[;,.)]/]]) {
      const [code] = scripts.split("</style>").slice(-1);
      assert(!form.test(code.replace(/\/\/.*|<[^>]*>/g, "").replace(/"(?:[^"\\\n]|\\.)*"/g, '""')), what);
    }
  });

  await test("a copy that was saved with a verdict shows none without its script, nor with it", async () => {
    const page = await open();
    await choose(page, made());
    await page.fill("#hash", ours.post);
    await type(page, "#name", "embassy");
    await becomes(page, "proven");
    assert(!await page.locator("#not-running").isVisible());
    const html = await page.content(), saved = (name, text) => {
      const path = join(folder, name);
      writeFileSync(path, text);
      return pathToFileURL(path).href;
    };
    assert.match(html, /Proven/);
    const altered = html.replace("const SIGNS =", "const SIGNS = 0 ||");
    assert.notEqual(altered, html);
    for (const [address, options] of [[saved("saved.html", html), { javaScriptEnabled: false }], [saved("altered.html", altered), {}]]) {
      const context = await browser.newContext({ offline: true, ...options }), copy = await context.newPage();
      await copy.goto(address);
      assert(await copy.locator("#not-running").isVisible(), address);
      assert.match(await copy.locator("#not-running").innerText(), /The checker is not running/);
      assert(!await copy.locator("#verdict").isVisible() && !await copy.locator("#report").isVisible(), address);
      await context.close();
    }
    const copy = await open();
    await copy.goto(saved("again.html", html));
    assert(!await copy.locator("#not-running").isVisible());
    assert.equal(await copy.locator("#verdict").count(), 0);
    assert.equal(await copy.inputValue("#hash"), "");
    asked.splice(0, asked.length, ...asked.filter((one) => !/saved\.html|again\.html|altered\.html|Refused to|violates/.test(one)));
    await copy.context().close();
    const session = await page.context().newCDPSession(page);
    const { data } = await session.send("Page.captureSnapshot", { format: "mhtml" });
    const archived = await browser.newContext({ offline: true }), kept = await archived.newPage();
    await kept.goto(saved("saved.mhtml", data));
    assert(await kept.locator("#not-running").isVisible(), "in a web archive no script runs");
    assert(!await kept.locator("#verdict").isVisible());
    await archived.close();
    await page.context().close();
  });
  await test("what is dropped anywhere never replaces the page; a text goes into the field", async () => {
    const page = await open();
    const dropped = (selector, kind, text) => page.evaluate(({ selector, kind, text }) => {
      const dataTransfer = new DataTransfer();
      if (kind === "Files") dataTransfer.items.add(new File(["x"], "x.txt"));
      else dataTransfer.setData("text/plain", text);
      return ["dragover", "drop"].map((name) =>
        !document.querySelector(selector).dispatchEvent(new DragEvent(name, { dataTransfer, bubbles: true, cancelable: true })));
    }, { selector, kind, text });
    for (const at of ["body", "footer", "#vkey", "#hash", "#report"]) assert.deepEqual(await dropped(at, "Files"), [true, true], at);
    assert.deepEqual(await dropped("footer", "text", "https://x.com/embassy/status/1"), [true, true]);
    await page.waitForFunction(() => /This is the address of a post/.test(document.getElementById("hash-answer").textContent));
    assert.deepEqual(await dropped("#vkey", "text", "x"), [false, false], "a field takes a text itself");
    await page.context().close();
  });
  await test("a print keeps the verdict, the comparison, the file and the moment", async () => {
    const page = await open();
    await choose(page, made());
    await page.fill("#hash", ours.post);
    await type(page, "#name", "embassy");
    await becomes(page, "proven");
    await page.emulateMedia({ media: "print" });
    const text = await page.locator("main").innerText();
    for (const words of [/Proven/, /The same, word for word/, /the proof says @embassy too/, /note-2\.proof\.zip, \d+ bytes/,
      /what I saw on X, as I typed it\s+Words\s+Sealed note 2\s+sha256[^]*Name over them\s+embassy/, /by the clock of this device/, /Capacity[^]*Signature/,
      new RegExp(createHash("sha256").update(made().buffer).digest("hex")), /Checked\s+\d{4}-\d\d-\d\dT/]) assert.match(text, words);
    assert(!await page.locator("#files").isVisible() && !await page.locator("#hash").isVisible());
    await page.context().close();
  });
  await test("the keyboard reaches everything in order, and everything has a name", async () => {
    const page = await open();
    const skips = () => page.evaluate(() => [...document.querySelectorAll("h1, h2, h3, h4")]
      .map(({ tagName }) => Number(tagName[1])).some((level, i, all) => i > 0 && level > all[i - 1] + 1));
    assert(!await skips(), "no level of heading is skipped");
    const order = [];
    for (let i = 0; i < 8; i++) {
      await page.keyboard.press("Tab");
      order.push(await page.evaluate(() => document.activeElement.id || document.activeElement.tagName));
    }
    assert.deepEqual(order, ["files", "folder", "hash", "name", "SUMMARY", "vkey", "SUMMARY", "SUMMARY"]);
    await choose(page, zip("note-2.proof.zip", full.bytes));
    const names = await page.evaluate(() => [...document.querySelectorAll("input:not([hidden]), textarea, select")].every(({ labels }) => labels.length === 1));
    assert(names, "every field has a label");
    assert(!await skips(), "no level of heading is skipped in a report");
    await page.context().close();
  });

  for (const colorScheme of ["light", "dark"]) {
    for (const [width, height] of [[390, 844], [1280, 900]]) {
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
        await test(`${state}, ${colorScheme}: fits the narrowest telephone and a sheet of paper`, async () => {
          await page.setViewportSize({ width: 320, height });
          assert(await noSidewaysScroll(page), "it scrolls sideways");
          await page.setViewportSize({ width: A4_WIDTH, height });
          await page.emulateMedia({ media: "print" });
          assert(await noSidewaysScroll(page), "it is cut in print");
          await picture(page, `verify-${state}-print-${colorScheme}`, { fullPage: true });
        });
        await page.emulateMedia({ media: "screen" });
        await page.setViewportSize({ width, height });
        await page.locator(state === "empty" ? "header" : "#result").evaluate((element) => element.scrollIntoView());
        await picture(page, `verify-${state}-${width}-${colorScheme}-first-sight`);
      };
      await look("empty");
      await choose(page, made());
      await look("intact");
      await page.fill("#hash", ours.post);
      await type(page, "#name", "embassy");
      await becomes(page, "proven");
      await look("proven");
      await page.fill("#hash", "0".repeat(64));
      await becomes(page, "fails");
      await look("fails-pasted");
      await page.fill("#hash", "");
      await page.fill("#name", "");
      await choose(page, zip("note-2.proof.zip", vector("receipt").bytes));
      await look("receipt");
      await choose(page, zip("note-2.proof.zip", vector("forged-note-2.content.txt").bytes));
      await look("fails");
      await choose(page, zip("photo.png", Buffer.from("\x89PNG", "latin1")));
      await look("not-read");
      await page.context().close();
    }
  }
  await test("nobody was asked for anything, and nothing went wrong unseen", () => {
    assert.deepEqual([...new Set(asked)], [ADDRESS]);
  });
});
await browser.close();
rmSync(folder, { recursive: true });
