// Proofs with random faults, the same ones on every run, through the program and through the page's checks:
// node tests/page/mutations.mjs VERBALE [COUNT] [SEED]. Whatever the fault, both must say the same of each check.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateRawSync } from "node:zlib";
import { compareReports, pageChecks, readVector, run } from "./common.mjs";

const [program, count = "600", seed = "1"] = process.argv.slice(2);
const { Verify } = pageChecks();
const bases = ["full", "envelope-only", "not-posted", "receipt-known"].map((name) =>
  readVector(new URL(`../vectors/proof/${name}.txt`, import.meta.url)));

// xorshift32: chance that can be repeated.
let state = (Number(seed) * 2654435761) >>> 0 || 1;
const below = (n) => {
  state ^= state << 13; state >>>= 0; state ^= state >>> 17; state ^= state << 5; state >>>= 0;
  return state % n;
};
const pick = (list) => list[below(list.length)];

/** A zip archive of these [name, bytes], with faults where `odd` asks for them. */
function pack(files, odd = {}) {
  const parts = [], list = [];
  let at = 0;
  for (const [name, bytes] of files) {
    const method = odd.deflate ? 8 : 0, data = method ? deflateRawSync(bytes) : bytes;
    const later = odd.descriptor ? 8 : 0, extra = odd.extra ?? Buffer.alloc(0);
    const sizes = [crc32(bytes), data.length, bytes.length];
    const u16 = (...all) => Buffer.concat(all.map((n) => { const b = Buffer.alloc(2); b.writeUInt16LE(n); return b; }));
    const u32 = (...all) => Buffer.concat(all.map((n) => { const b = Buffer.alloc(4); b.writeUInt32LE(n); return b; }));
    const common = Buffer.concat([u16(20, later, method, 0, 33), u32(...sizes), u16(Buffer.byteLength(name), extra.length)]);
    const local = later ? Buffer.concat([common.subarray(0, 10), u32(0, 0, 0), common.subarray(22)]) : common;
    const comment = odd.comment ?? "";
    list.push(Buffer.concat([u32(0x02014b50), u16(odd.madeBy ?? 0x0314), common, u16(comment.length, 0, 0),
      u32(odd.attributes ?? 0x81a40000, at), Buffer.from(name), extra, Buffer.from(comment)]));
    parts.push(Buffer.concat([u32(0x04034b50), local, Buffer.from(name), extra, data,
      later ? Buffer.concat([odd.descriptor === 2 ? u32(0x08074b50) : u32(), u32(...sizes)]) : Buffer.alloc(0),
      odd.between ?? Buffer.alloc(0)]));
    at += parts.at(-1).length;
  }
  const size = list.reduce((sum, one) => sum + one.length, 0);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50); end.writeUInt16LE(files.length, 8); end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(size, 12); end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, ...list, end]);
}

/** SHA256SUMS written anew. */
function resum(files) {
  const listed = files.filter(([name]) => !["SHA256SUMS", "README.txt"].includes(name)).sort(([a], [b]) => (a < b ? -1 : 1));
  const text = listed.map(([name, bytes]) => `${createHash("sha256").update(bytes).digest("hex")}  ${name}\n`).join("");
  return files.map(([name, bytes]) => [name, name === "SHA256SUMS" ? Buffer.from(text) : bytes]);
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
    if (record >= 0) change(content, /^record .*$/m, `record ${sum(files[record][1])} ${files[record][1].length} application/json`);
    change(envelope, /^content .*$/m, `content ${sum(files[content][1])}`);
  }
  change(entry, /[0-9a-f]{64}\n$/, `${sum(files[envelope][1])}\n`);
}

async function mutant() {
  const { bytes, headers } = pick(bases);
  let files = [...await Verify.unzip(new Uint8Array(bytes))].map(([name, bytes]) => [name, Buffer.from(bytes)]);
  const inside = () => {
    const file = pick(files);
    file[1] = harm(file[1]);
    if (below(2)) reseal(files);
    if (below(4)) files = resum(files);
    return pack(files);
  };
  const zip = pick([
    inside, inside, inside, inside, inside,
    () => {
      const record = files.find(([name]) => name.endsWith(".record.json"));
      if (record) record[1] = Buffer.from(pick(JSONS), pick(["utf8", "utf8", "latin1"]));
      reseal(files);
      return pack(resum(files));
    },
    () => {
      const other = pick(["note-2.tsr", "note-2.attachment-9.bin", "Readme.md", "x.envelope.txt", "note-02.envelope.txt", "-a", "a b", "CON",
        "note-0.envelope.txt", "note-3.content.txt", "é", "a".repeat(100), "a".repeat(101), "POST.TXT", "log.vkey.bak"]);
      return pack(resum([...files, [other, Buffer.from("a")]]));
    },
    () => pack(files, pick([{ deflate: true }, { descriptor: 1 }, { descriptor: 2 }, { deflate: true, descriptor: 2 },
      { extra: Buffer.from("555405000100000000", "hex") }, { extra: Buffer.from("0100", "hex") }, { extra: Buffer.from("01000000", "hex") }, { extra: Buffer.from("0100080000000000000000ff", "hex") },
      { extra: Buffer.from("7570050001aabbccdd", "hex") }, { extra: Buffer.from("0199070001004145030000", "hex") }, { extra: Buffer.from("ffff0900", "hex") },
      { comment: "a" }, { attributes: 0xa1ff0000 }, { attributes: 0x41ed0010 }, { attributes: 0, madeBy: 20 }, { attributes: 0x10, madeBy: 20 },
      { between: Buffer.from("x") }, { between: Buffer.from("PK\x03\x04") }])),
    () => { const at = below(bytes.length); return splice(bytes, at, 1, [bytes[at] ^ (1 << below(8))]); },
    () => { // The list and the end record, where most of the meaning of an archive is.
      const at = bytes.length - 1 - below(Math.min(bytes.length, 900));
      return splice(bytes, at, 1, [bytes[at] ^ (1 << below(8))]);
    },
    () => splice(bytes, below(bytes.length), below(3), pick(["", "x", "PK\x03\x04", "PK\x05\x06"])),
    () => Buffer.concat([bytes, Buffer.from(pick(["x", "\0\0", "PK\x05\x06"]))]),
  ])();
  return { zip, vkey: headers.vkey };
}

await run(async (test) => {
  const folder = mkdtempSync(join(tmpdir(), "verbale-mutations-"));
  const all = [];
  for (let i = 0; i < Number(count); i++) {
    const one = { name: join(folder, `${i}.zip`), ...await mutant() };
    writeFileSync(one.name, one.zip);
    all.push(one);
  }
  const { vkey, "receipt-vkey": receiptVkey } = bases.at(-1).headers, answers = new Map();
  const fixed = ["verify", "--json", "--log", vkey, "--receipt-log", receiptVkey];
  for (let i = 0; i < all.length; i += 200) {
    const names = all.slice(i, i + 200).map(({ name }) => name);
    const { stdout } = spawnSync(program, [...fixed, ...names], { encoding: "utf8", maxBuffer: 2 ** 28 });
    for (const line of stdout.trim().split("\n")) {
      const { file, error, ...report } = JSON.parse(line);
      answers.set(file, error === undefined ? report : "unreadable");
    }
  }
  const trusted = { log: await Verify.readTrusted(vkey), receiptLog: await Verify.readTrusted(receiptVkey) };
  for (const { name, zip } of all) {
    await test(name.slice(folder.length + 1), async () => {
      let page;
      try {
        const { status, subject, checks, claims } = await Verify.verify(new Uint8Array(zip), trusted);
        page = JSON.parse(JSON.stringify({ status, subject, checks, claims }, (_, v) => (typeof v === "bigint" ? Number(v) : v)));
      } catch (error) {
        if (!(error instanceof Verify.Unreadable)) throw error;
        page = "unreadable";
      }
      const program = answers.get(name) ?? "no answer";
      try {
        compareReports(page, program);
      } catch (error) {
        if (process.env.KEEP) { mkdirSync(process.env.KEEP, { recursive: true }); writeFileSync(join(process.env.KEEP, name.slice(folder.length + 1)), zip); }
        const differ = program.checks && page.checks ? page.checks.map((check, i) => [check, program.checks[i]])
          .filter(([a, b]) => a?.outcome !== b?.outcome || a.detail !== b.detail)
          .map(([a, b]) => `\n  page    ${a.name} ${a.outcome}: ${a.detail}\n  program ${b?.name} ${b?.outcome}: ${b?.detail}`).join("")
          : `\n  page ${JSON.stringify(page).slice(0, 200)}\n  program ${JSON.stringify(program).slice(0, 200)}`;
        throw new Error(differ);
      }
    });
  }
  rmSync(folder, { recursive: true });
});
