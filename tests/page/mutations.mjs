// Proofs with random faults, the same ones on every run, through the program and through the page in headless Chromium:
// node tests/page/mutations.mjs VERBALE [COUNT] [SEED]. Whatever the fault, both must come to the same verdict and say the same of
// each check. KEEP names a folder for those about which they differ.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { launch } from "./chromium.mjs";
import { compareReports, PAGE, pageChecks, readVector, reportIn, run } from "./common.mjs";
import { judge } from "./judge.mjs";
import { sumsOf, zip as pack } from "./proofs.mjs";

const [program, count = "300", seed = "1"] = process.argv.slice(2);
const { Verify } = pageChecks();
const bases = ["full", "envelope-only", "not-posted", "chat", "subkey", "unlocked", "recipient", "beacon", "later-head", "later-head-stamped",
  "full", "receipt", "receipt-known"].map((name) =>
  readVector(new URL(`../vectors/proof/${name}.txt`, import.meta.url)));

// xorshift32: chance that can be repeated.
let state = (Number(seed) * 2654435761) >>> 0 || 1;
const below = (n) => {
  state ^= state << 13; state >>>= 0; state ^= state >>> 17; state ^= state << 5; state >>>= 0;
  return state % n;
};
const pick = (list) => list[below(list.length)];

/** SHA256SUMS written anew. */
function resum(files) {
  const sums = sumsOf(new Map(files));
  return files.map(([name, bytes]) => [name, name === "SHA256SUMS" ? sums : bytes]);
}

const splice = (bytes, at, drop, ...put) =>
  Buffer.concat([bytes.subarray(0, at), ...put.map((one) => Buffer.from(one)), bytes.subarray(at + drop)]);

/** One fault in the bytes of a file. */
function harm(bytes) {
  const at = below(bytes.length + 1), lines = bytes.toString("latin1").split("\n"), line = below(lines.length);
  const changed = (change) => { change(lines); return Buffer.from(lines.join("\n"), "latin1"); };
  return pick([
    () => splice(bytes, at, 1, [below(256)]),
    () => splice(bytes, at, 0, pick(["\n", "\r", " ", "0", "\u00a0", "\ufeff", "\u0085", "x", "+", "-", "\0", "\x7f", "=", "/"])),
    () => splice(bytes, at, below(4) + 1),
    () => bytes.subarray(0, at),
    () => changed((all) => all.splice(line, 0, all[line])),
    () => changed((all) => all.splice(line, 1)),
    () => changed((all) => all.splice(line, 2, all[line + 1] ?? "", all[line])),
    () => changed((all) => { all[line] = all[line].toUpperCase(); }),
    () => changed((all) => { all[line] = all[line].replace(/[0-9]+/, (n) => pick(["0", `0${n}`, `${n}0`, `+${n}`, "18446744073709551615",
      "18446744073709551616", `${BigInt(n.slice(0, 18)) + 1n}`])); }),
  ])();
}

/** One fault in the JSON of a record; its hash in the content is left as it is or not, by chance. */
const JSONS = ["{}", " {}\n", "[]", "null", "[null,null,null,null]", '["1","2","3","4"]', '{"id":null}', '{"id":1}', '{"id":"1"}',
  '{"a":"\\ud800"}', '{"\\ud800":1}', '{"a":{"\\ud800":1}}', '{"text":"\\ud83d\\ude00"}', '{"a":1e999}', '{"a":-1e999}', '{"a":01}',
  '{"a":1.}', '{"a":.5}', '{"a":1e5,"b":-0,"c":18446744073709551616}', '{"a":1,}', '{"a":\u00a01}', '\ufeff{}', '{"a":"\t"}',
  '{"a":"\x7f"}', '{"id":null,"id":null}', '{"a":1,"a":2}', '{"\\u0069d":"1"}', '{"a":tru}', '{"a":[[],{}]} x', "", '{"__proto__":1}',
  '{"text":"a&amp;lt;b"}', `${'{"a":'.repeat(127)}1${"}".repeat(127)}`, `${'{"a":'.repeat(126)}1${"}".repeat(126)}`,
  `{"a":${"[".repeat(126)}${"]".repeat(126)}}`, `{"a":${"[".repeat(127)}${"]".repeat(127)}}`, '{"a":{"b":"\xff"}}', '{"a":{"\xff":1}}'];

function reseal(files) {
  // Everything from the record to the entry anew: what the sender itself could have sealed. Inclusion fails; the rest stands.
  const at = (end) => files.findIndex(([name]) => name.endsWith(end));
  const [record, content, envelope, entry] = [".record.json", ".content.txt", ".envelope.txt", ".entry.txt"].map(at);
  const sum = (bytes) => createHash("sha256").update(bytes).digest("hex");
  const change = (index, from, to) => { files[index][1] = Buffer.from(files[index][1].toString("latin1").replace(from, to), "latin1"); };
  if (content >= 0) {
    if (record >= 0) change(content, /^record .*$/m, `record ${sum(files[record][1])} ${files[record][1].length} message application/json`);
    change(envelope, /^content .*$/m, `content ${sum(files[content][1])}`);
  }
  change(entry, /[0-9a-f]{64}\n$/, `${sum(files[envelope][1])}\n`);
}

const EXTRAS = ["555405000100000000", "0100", "01000000", "0100080000000000000000ff", "7570050001aabbccdd", "0199070001004145030000", "ffff0900",
  "000000", "0a0020000000000001001800004021", "fecaffff", "feca0000", "786c0100ff"].map((hex) => Buffer.from(hex, "hex"));
const NAMES = ["note-2.tsr", "note-2.attachment-9.bin", "Readme.md", "x.envelope.txt", "note-02.envelope.txt", "-a", "a b", "CON", "note-0.envelope.txt",
  "note-3.content.txt", "é", "a".repeat(100), "a".repeat(101), "POST.TXT", "log.vkey.bak", "post (1).txt", "post.txt.", "SHA256SUMS.txt", "SHA256SUMS (1)",
  "head-2.txt", "head-2.txt.ots", "head-02.txt", "note-2.at-2.tlog-proof", "note-2.recipient-1.json", "note-2.subkey.txt", "note-2.unlocked.txt",
  "../post.txt", "/post.txt", "a/../b", "a\\b", "C:x", "__MACOSX/._a", ".DS_Store", "META-INF/MANIFEST.MF", "a/", "x\ny", "Thumbs.db", "copy of post.txt", "post 2(1).txt",
  "post - Copy (2) copy.txt", " post.txt", "post.txt ", `${"x".repeat(145)} (1).txt`, "NOTE-2.ENVELOPE.TXT", "note-99999999999999999999.envelope.txt",
  "note-2.attachment-x.bin", "note-2.attachment-1 (1).jpg", "note-2.attachment-1.\u00e9", "\u212aey", "\u0130.txt", "__MACOSX", "xMETA-INF/MANIFEST.MF"];
/** What a file that is put there may hold. */
const CONTENTS = ["a", "", "note", "PK\x03\x04", "%PDF-1.7", "\ufeff<html>", "\v<html>", "\ufffd", "\0", "verbale envelope v2\n", "verbale slip v1\n",
  "PRIVATE+KEY+x", `${"0".repeat(64)}  post.txt\n`, `${"0".repeat(64)}  POST.TXT\n`, `${"0".repeat(64)}  a\n`, "From: a\n", "From a\n", "\u00e9".repeat(3000)];

/** What packs an archive in an odd way. */
const ODD = [{ deflate: true }, { descriptor: 1 }, { descriptor: 2 }, { deflate: true, descriptor: 2 }, { deflate: true, descriptor: 1 },
  { comment: "a" }, { comment: "PK" }, { archiveComment: "hello" }, { archiveComment: "PK" }, { attributes: 0xa1ff0000 }, { attributes: 0x41ed0010 },
  { attributes: 0, madeBy: 20 }, { attributes: 0x10, madeBy: 20 }, { attributes: 0x08, madeBy: 20 }, { between: Buffer.from("x") },
  { between: Buffer.from("PK\x03\x04") }, { zip64: true }, { zip64: true, descriptor: 2 }, { zip64: true, descriptor: 1 }, { descriptor: 2, wideDescriptor: true },
  { descriptor: 1, wideDescriptor: true }, { flags: 1 }, { flags: 2 }, { flags: 0x20 }, { flags: 0x40 }, { flags: 0x800 }, { flags: 0x2000 }, { flags: 0x10 },
  { otherFlags: 2 }, { otherFlags: 8 }, { otherFlags: 0x800 }, { clock: 7 }, { disk: 1 }, { listDisk: 1 }, { count: 1 }, { count: -1 }, { crc: 1 },
  { otherName: Buffer.from("another.txt") }, { method: 9 }, { deflate: true, behindData: Buffer.from("x") }, { deflate: true, behindData: Buffer.from("PK\x03\x04") },
  { deflate: true, descriptor: 2, behindData: Buffer.from([0]) }, { before: Buffer.from("x") }, { before: Buffer.from("PK\x03\x04") }, { after: Buffer.from("\n") },
  { after: Buffer.from("\r\n\r\n") }, { after: Buffer.from("x") }, { after: Buffer.alloc(17, 10) }, { after: Buffer.from("PK\x05\x06") },
  { archiveComment: "x", after: Buffer.from("\n") }, ...EXTRAS.map((extra) => ({ extra }))];

/** What carriers do to the text of a file. */
const CARRIED = [(text) => text.replace(/\n/g, "\r\n"), (text) => text.replace(/\n/g, "\r"), (text) => `\xef\xbb\xbf${text}`, (text) => text.replace(/\n$/, ""),
  (text) => `${text}\n`, (text) => `<!doctype html>${text}`, () => "", (text) => text.replace(/ v1\n/, " v2\n"), (text) => Buffer.from(`\ufeff${text}`, "utf16le").toString("latin1"), (text) => text.replace(/\r\n/g, "\n")];

async function mutant() {
  const { bytes, headers } = pick(bases);
  let files = Verify.unzip(new Uint8Array(bytes)).map(({ path, bytes }) => [path, Buffer.from(bytes)]);
  const inside = () => {
    const file = pick(files);
    file[1] = harm(file[1]);
    if (below(2)) reseal(files);
    if (below(4)) files = resum(files);
    return pack(files);
  };
  const renamed = (from, to) => files.map(([name, bytes]) => [name === from ? to : name, bytes]);
  const zip = pick([
    inside, inside, inside, inside, inside,
    () => {
      const record = files.find(([name]) => name.endsWith(".record.json"));
      if (record) record[1] = Buffer.from(pick(JSONS), pick(["utf8", "utf8", "latin1"]));
      reseal(files);
      return pack(resum(files));
    },
    () => {
      const all = [...files, [pick(NAMES), Buffer.from(pick(CONTENTS))]];
      return pack(below(2) ? resum(all) : all);
    },
    () => pack(renamed(pick(files)[0], pick(NAMES))),
    () => {
      const [name, bytes] = pick(files);
      return pack([...files, [pick([name, name.toUpperCase(), `a/${name}`, name.replace(".", " (1)."), `${name}.txt`, pick(NAMES)]), below(2) ? bytes : Buffer.from(pick(CONTENTS))]]);
    },
    () => { // Only some of the files, perhaps with one that is none of them.
      const some = Array.from({ length: below(4) }, () => pick(files)), more = below(2) ? [[pick(NAMES), Buffer.from(pick(CONTENTS))]] : [];
      return pack([...new Map([...some, ...more])]);
    },
    () => pack(files.map(([name, bytes]) => [name, name === "SHA256SUMS" ? Buffer.from(pick(CONTENTS)) : bytes])),
    () => pack(files.map(([name, bytes]) => [`${pick(["", "a/", "a\\", "./", "b/c/"])}${name}`, bytes])),
    () => pack(files.filter((one) => one !== pick(files))),
    () => pack(files, { ...pick(ODD), ...(below(2) ? { of: [pick(files)[0]] } : {}) }),
    () => pack(files, { ...pick(ODD), ...pick(ODD) }),
    () => {
      const carried = pick(CARRIED), some = below(3);
      return pack(files.map(([name, bytes]) => [name, some && below(3) ? bytes : Buffer.from(carried(bytes.toString("latin1")), "latin1")]));
    },
    () => {
      let all = [["note-2.proof.zip", pack(files, below(3) ? {} : pick(ODD))], ...(below(2) ? [["letter.txt", Buffer.from("Dear Sirs")]] : [])];
      for (let i = below(4); i > 0; i--) all = [["inner.zip", pack(all)]];
      return pack(all);
    },
    () => { const at = below(bytes.length); return splice(bytes, at, 1, [bytes[at] ^ (1 << below(8))]); },
    () => { // The list and the end record, where most of the meaning of an archive is.
      const at = bytes.length - 1 - below(Math.min(bytes.length, 900));
      return splice(bytes, at, 1, [bytes[at] ^ (1 << below(8))]);
    },
    () => { // The same of an archive that another program packed.
      const packed = pack(files, { deflate: true, ...pick(ODD) }), at = below(2) ? below(packed.length) : packed.length - 1 - below(Math.min(packed.length, 900));
      return splice(packed, at, 1, [packed[at] ^ (1 << below(8))]);
    },
    () => splice(bytes, below(bytes.length), below(3), pick(["", "x", "PK\x03\x04", "PK\x05\x06"])),
    () => bytes.subarray(0, below(bytes.length)),
    () => Buffer.concat([bytes, Buffer.from(pick(["x", "\0\0", "PK\x05\x06", "\n"]))]),
  ])();
  return { zip, vkey: headers.vkey };
}

/** The program's answers, by the names of the files. */
function answersOf(names, trust) {
  const answers = new Map();
  for (let i = 0; i < names.length; i += 200) {
    const { stdout } = spawnSync(program, ["verify", "--json", ...trust, ...names.slice(i, i + 200)], { encoding: "utf8", maxBuffer: 2 ** 28 });
    for (const line of stdout.trim().split("\n")) {
      const answer = JSON.parse(line);
      answers.set(answer.file.path ?? answer.file, reportIn(answer));
    }
  }
  return answers;
}

const browser = await launch();
await run(async (test) => {
  const folder = mkdtempSync(join(tmpdir(), "verbale-mutations-")), all = [];
  for (let i = 0; i < Number(count); i++) {
    const one = { name: join(folder, `${i}.zip`), ...await mutant() };
    writeFileSync(one.name, one.zip);
    all.push(one);
  }
  const { vkey, "receipt-vkey": receiptVkey } = bases.at(-1).headers;
  const answers = answersOf(all.map(({ name }) => name), ["--log", vkey, "--receipt-log", receiptVkey]);
  const page = await browser.newPage();
  await page.goto(pathToFileURL(PAGE).href);
  await page.evaluate(`globalThis.judge = ${judge.toString()}`);
  const verdicts = {};
  for (const { name, zip } of all) {
    await test(name.slice(folder.length + 1), async () => {
      const input = { format: "proof", headers: { vkey, "receipt-vkey": receiptVkey }, base64: Buffer.from(zip).toString("base64") };
      const { trusted } = await page.evaluate((input) => judge(Verify, input), input);
      verdicts[trusted.verdict] = (verdicts[trusted.verdict] ?? 0) + 1;
      try {
        compareReports(trusted, answers.get(name) ?? "no answer");
      } catch (error) {
        if (process.env.KEEP) {
          mkdirSync(process.env.KEEP, { recursive: true });
          writeFileSync(join(process.env.KEEP, name.slice(folder.length + 1)), zip);
        }
        throw error;
      }
    });
  }
  console.log(`verdicts: ${JSON.stringify(verdicts)}`);
  rmSync(folder, { recursive: true });
});
await browser.close();
