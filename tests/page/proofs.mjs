// Proofs that the tests make themselves, by FORMAT.md alone, and archives of all kinds.
import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { crc32, deflateRawSync } from "node:zlib";

export const sha256 = (bytes) => createHash("sha256").update(bytes).digest();
const hex = (bytes) => sha256(bytes).toString("hex");

/** A key of a log: { name, vkey, sign }. The seed is 32 times this byte. */
export function logKey(name, seed) {
  const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, seed)]);
  const secret = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  const raw = createPublicKey(secret).export({ format: "der", type: "spki" }).subarray(-32);
  const key = Buffer.concat([Buffer.of(1), raw]), id = sha256(Buffer.concat([Buffer.from(`${name}\n`), key])).subarray(0, 4);
  const line = (text) => `\u2014 ${name} ${Buffer.concat([id, sign(null, Buffer.from(text), secret)]).toString("base64")}\n`;
  return { name, raw, vkey: `${name}+${id.toString("hex")}+${key.toString("base64")}`, line, secret };
}

/** A witness's key of type 4, and its cosignature of a checkpoint's text. */
export function witness(name, seed) {
  const { raw, secret } = logKey(name, seed), key = Buffer.concat([Buffer.of(4), raw]);
  const id = sha256(Buffer.concat([Buffer.from(`${name}\n`), key])).subarray(0, 4);
  const line = (text, seconds) => {
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(BigInt(seconds));
    const signature = sign(null, Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`), secret);
    return `\u2014 ${name} ${Buffer.concat([id, time, signature]).toString("base64")}\n`;
  };
  return { name, vkey: `${name}+${id.toString("hex")}+${key.toString("base64")}`, line };
}

const SENT = 972161234567890123n;
const snowflakeTime = (id) => new Date(Number((id >> 22n) + 1288834974657n)).toISOString();
const leaf = (bytes) => sha256(Buffer.concat([Buffer.of(0), bytes]));
const node = (left, right) => sha256(Buffer.concat([Buffer.of(1), left, right]));

/** A proof of one note, the second entry of two: { files, key, commitment, post, text }. What `change` names is otherwise. */
export function proof(change = {}) {
  const key = change.key ?? logKey("embassy.example/notes", 7), from = change.from ?? "2244994945 embassy";
  const text = change.text ?? "The Embassy presents its compliments to the Ministry.";
  const record = change.record ?? JSON.stringify({ id: `${SENT}`, sender_id: from.split(" ")[0], dm_conversation_id: "783214-2244994945", text });
  const picture = Buffer.from("89504e470d0a1a0a", "hex");
  const content = change.content ?? `verbale content v1\nsalt ${"a1".repeat(32)}\nrecord ${hex(record)} ${Buffer.byteLength(record)} message application/json\n`
    + `attachment ${hex(picture)} ${picture.length} image/png\nlink https://t.co/abc https://example.org/annex\ntext ${Buffer.byteLength(text)}\n${text}\n`;
  const sent = snowflakeTime(SENT), sealed = snowflakeTime(SENT + (5000n << 22n));
  const envelope = change.envelope ?? `verbale envelope v1\nsource x-dm\nlog ${key.name}\nnote 2\nfrom ${from}\nto 783214 ministry\n`
    + `conversation 783214-2244994945\nmessage ${SENT}\nsent ${sent}\nseen ${sent}\n${change.beacon ?? ""}correspondence 1 ${"0".repeat(64)}\n`
    + `content ${hex(content)}\nsalt ${"b2".repeat(32)}\n`;
  const commitment = hex(envelope), entry = `note ${sealed} 2 ${commitment}\n`;
  const before = leaf(Buffer.from(`note ${sent} 1 ${"c3".repeat(32)}\n`)), root = node(before, leaf(Buffer.from(entry)));
  const head = `${key.name}\n2\n${root.toString("base64")}\n`;
  const cosigned = (change.witnesses ?? []).map(([one, seconds]) => one.line(head, seconds)).join("");
  const checkpoint = `${head}\n${key.line(head)}${cosigned}`;
  const postText = change.post ?? `Sealed note 2\nsha256 ${commitment}\nlog 2 ${root.toString("base64")}`;
  const id = SENT + (60_000n << 22n), by = change.by ?? from;
  const post = `verbale post v1\nplatform x\naccount ${by}\npost ${id}\naddress https://x.com/${by.split(" ")[1]}/status/${id}\n`
    + `text ${Buffer.byteLength(postText)}\n${postText}\n`;
  const files = new Map(Object.entries({
    "note-2.envelope.txt": envelope, "note-2.entry.txt": entry,
    "note-2.tlog-proof": `c2sp.org/tlog-proof@v1\nindex 1\n${before.toString("base64")}\n\n${checkpoint}`,
    "log.vkey": `${key.vkey}\n`, "post.txt": post, "note-2.content.txt": content, "note-2.record.json": record,
    "note-2.attachment-1.png": picture, "README.txt": "For people.\n", ...change.more,
  }).map(([name, bytes]) => [name, Buffer.from(bytes)]));
  for (const name of change.without ?? []) files.delete(name);
  files.set("SHA256SUMS", sumsOf(files));
  return { files, key, commitment, post: postText, text, name: by.split(" ")[1] };
}

/** The list of these files. */
export function sumsOf(files) {
  const names = [...files.keys()].filter((name) => name !== "SHA256SUMS" && name !== "README.txt").sort();
  return Buffer.from(names.map((name) => `${hex(files.get(name))}  ${name}\n`).join(""));
}

const u16 = (...all) => Buffer.concat(all.map((n) => { const b = Buffer.alloc(2); b.writeUInt16LE(n); return b; }));
const u32 = (...all) => Buffer.concat(all.map((n) => { const b = Buffer.alloc(4); b.writeUInt32LE(n); return b; }));
const u64 = (...all) => Buffer.concat(all.map((n) => { const b = Buffer.alloc(8); b.writeBigUInt64LE(BigInt(n)); return b; }));

/** A zip archive of these [name, bytes], with what `odd` asks for: of every file, or of those in `odd.of`. */
export function zip(files, odd = {}) {
  const parts = [odd.before ?? Buffer.alloc(0)], list = [];
  let at = parts[0].length;
  for (const [name, bytes] of files) {
    const mine = !odd.of || odd.of.includes(name) ? odd : {};
    const method = mine.method ?? (mine.deflate ? 8 : 0), packed = mine.deflate ? deflateRawSync(bytes) : Buffer.from(bytes);
    const data = Buffer.concat([packed, mine.behindData ?? Buffer.alloc(0)]);
    const flags = (mine.descriptor ? 8 : 0) | (mine.flags ?? 0), raw = mine.rawName ?? Buffer.from(name);
    const sizes = [(crc32(bytes) ^ (mine.crc ?? 0)) >>> 0, data.length, bytes.length];
    const wide = mine.zip64 ? Buffer.concat([u16(1, 16), u64(bytes.length, data.length)]) : Buffer.alloc(0);
    const shown = mine.zip64 ? [sizes[0], 0xffffffff, 0xffffffff] : sizes;
    const extra = Buffer.concat([wide, mine.extra ?? Buffer.alloc(0)]);
    const header = (flags, sizes, clock) => Buffer.concat([u16(mine.deflate || mine.zip64 ? 20 : 10, flags, method, clock, 33), u32(...sizes), u16(raw.length, extra.length)]);
    const comment = Buffer.from(mine.comment ?? "");
    const own = Buffer.concat([u32(0x04034b50), header(flags ^ (mine.otherFlags ?? 0), mine.descriptor ? [0, ...(mine.zip64 ? [0xffffffff, 0xffffffff] : [0, 0])] : shown, mine.clock ?? 0),
      mine.otherName ?? raw, extra]);
    const width = mine.zip64 || mine.wideDescriptor ? u64 : u32;
    const behind = mine.descriptor ? Buffer.concat([mine.descriptor === 2 ? u32(0x08074b50) : u32(), u32(sizes[0]), width(data.length, bytes.length)]) : u32();
    list.push(Buffer.concat([u32(0x02014b50), u16(mine.madeBy ?? 0x030a), header(flags, shown, 0), u16(comment.length, mine.disk ?? 0, 0),
      u32(mine.attributes ?? (name.endsWith("/") ? 0x41ed0010 : 0x81a40000), at), raw, extra, comment]));
    parts.push(own, data, behind, mine.between ?? Buffer.alloc(0));
    at += own.length + data.length + behind.length + (mine.between?.length ?? 0);
  }
  const listed = Buffer.concat(list), count = files.length + (odd.count ?? 0);
  const wide = odd.zip64 ? Buffer.concat([u32(0x06064b50), u64(44), u16(45, 45), u32(0, 0), u64(count, count, listed.length, at),
    u32(0x07064b50, 0), u64(at + listed.length), u32(1)]) : Buffer.alloc(0);
  const numbers = odd.zip64 ? [0xffff, 0xffff, 0xffffffff, 0xffffffff] : [count, count, listed.length, at];
  const comment = Buffer.from(odd.archiveComment ?? "");
  const end = Buffer.concat([u32(0x06054b50), u16(odd.listDisk ?? 0, 0, numbers[0], numbers[1]), u32(numbers[2], numbers[3]), u16(comment.length), comment]);
  return Buffer.concat([...parts, listed, wide, end, odd.after ?? Buffer.alloc(0)]);
}
