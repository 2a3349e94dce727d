// What the page's checks make of one vector. This file runs in Node and, word for word, inside the browser.

/** `valid`, `invalid`, `unreadable`, or for a proof its reports, with the vector's keys trusted and without. */
export async function judge(Verify, { format, headers, base64 }) {
  const { Lines, number } = Verify;
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  const text = Verify.utf8(bytes);
  const keyIn = (header) => (headers[header] ? Verify.parseVerifierKey(headers[header]) : null);
  const key = await keyIn("vkey"), receiptLog = await keyIn("receipt-vkey");

  // The formats that the page itself never reads.
  const tilePath = (path) => {
    const match = /^tile\/(entries|0|[1-9][0-9]?)\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/.exec(path);
    if (!match || match[0] !== path) return false;
    const [, kind, groups, width] = match, digits = groups.replaceAll(/[x/]/g, "");
    const canonical = digits.length === 3 || !digits.startsWith("000");
    return (kind === "entries" || Number(kind) < 64) && canonical && BigInt(digits) < 2n ** 64n
      && (width === undefined || Number(width) < 256);
  };
  const bundle = (width) => {
    let at = 0;
    for (let i = 0; i < width; i++) {
      const length = at + 2 <= bytes.length ? bytes[at] * 256 + bytes[at + 1] : 0;
      if (length < 1 || Verify.LIMIT.entry < length || bytes.length < at + 2 + length) return false;
      at += 2 + length;
    }
    return at === bytes.length;
  };
  const keyFile = async () => {
    const match = /^PRIVATE\+KEY\+([^+]+)\+([0-9a-f]{8})\+([^\n]+)\n$/.exec(text ?? "");
    const seed = match && Verify.fromBase64(match[3]);
    if (!seed || seed.length !== 33 || seed[0] !== 1) return false;
    const pkcs8 = Uint8Array.of(...Verify.fromHex("302e020100300506032b657004220420"), ...seed.subarray(1));
    const secret = await crypto.subtle.importKey("pkcs8", pkcs8, { name: "Ed25519" }, true, ["sign"]);
    const { x } = await crypto.subtle.exportKey("jwk", secret);
    const key = Verify.fromBase64(`${x.replaceAll("-", "+").replaceAll("_", "/")}=`);
    const vkey = `${match[1]}+${match[2]}+${Verify.toBase64(Uint8Array.of(1, ...key))}`;
    return Boolean(await Verify.parseVerifierKey(vkey));
  };

  // FORMAT.md, section 8: what the text in brackets is, or null; and the text as our writer puts it in brackets, for the
  // ASCII that a slip is made of.
  const unbracketed = (text) => {
    const form = /\[(?:([.@\uff20$&[])|U\+(0000|[0-9A-F]{4}|[1-9A-F][0-9A-F]{4}|10[0-9A-F]{4}))\]/gu;
    const forbidden = (char) => /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/u.test(char)
      || /\p{Noncharacter_Code_Point}/u.test(char);
    const plain = text.replace(form, (all, _, code) => (code && /^D[89A-F]/.test(code) && code.length === 4 ? all : "\ue000"));
    if ([...plain].some(forbidden) || plain.includes("\n\n\n")) return null;
    return text.replace(form, (all, one, code) =>
      one ?? (/^D[89A-F]..$/.test(code) ? all : String.fromCodePoint(parseInt(code, 16))));
  };
  const bracketed = (ascii) => ascii
    .replace(/\[(?=(?:[.@$&[]|U\+(?:[0-9A-F]{4}|[1-9A-F][0-9A-F]{4}|10[0-9A-F]{4}))\])/g, "[[]")
    .replace(/(?<=[A-Za-z0-9_-])\.(?=[A-Za-z][A-Za-z0-9_-])/g, "[.]")
    .replace(/@(?=[A-Za-z0-9_])/g, "[@]").replace(/\$(?=[A-Za-z])/g, "[$]").replace(/&(?=[A-Za-z0-9#]{1,31};)/g, "[&]");

  const mirrorPost = () => {
    if (text === null || 16 * 1024 < bytes.length) return false;
    const match = /^Note ([0-9]+), part ([0-9]+) of ([0-9]+)\n\n\u201c([^]*)\u201d(\n\nsha256 [0-9a-f]{64})?$/.exec(text);
    const [note, part, parts] = match ? match.slice(1, 4).map(number) : [null, null, null];
    if (!note || !part || !parts || parts < part || 999n < parts) return false;
    return (part === parts) === (match[5] !== undefined) && unbracketed(match[4]) !== null;
  };
  const slip = () => {
    const FIRST = "verbale slip v1\n";
    if (text === null || 10_000 < bytes.length || !/^[\n -~]*$/.test(text) || !text.startsWith(FIRST)) return false;
    const inside = unbracketed(text.slice(FIRST.length));
    if (inside === null || FIRST + bracketed(inside) !== text) return false;
    const at = inside.indexOf("verbale content v1\n"), length = /\ntext ([0-9]+)$/.exec(inside)?.[1];
    if (at < 0 || length === undefined || 1024 * 1024 < Number(length)) return false;
    const encoded = (part) => new TextEncoder().encode(part);
    Verify.parseEnvelope(encoded(inside.slice(0, at)));
    Verify.parseContent(encoded(`${inside.slice(at)}\n${"x".repeat(Number(length))}\n`));
    return true;
  };

  // FORMAT.md, section 3. The page takes a key and no policy: this reads one for the sake of the vectors alone.
  const policy = async () => {
    if (256 * 1024 < bytes.length || bytes.at(-1) !== 10) return false;
    if (bytes.some((byte) => (byte < 32 && byte !== 9 && byte !== 10) || byte === 127)) return false;
    // One character a byte: names are bytes.
    const lines = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("").split("\n").slice(0, -1)
      .map((line) => line.split(/[ \t]+/).filter((word) => word !== ""));
    const logs = new Set(), witnesses = new Set(), names = new Set(), members = new Set();
    let quorums = 0;
    const key = async (word, wanted, refused) => {
      const text = Verify.utf8(Uint8Array.from(word, (char) => char.charCodeAt(0)));
      const match = text === null ? null : /^([^+\s]+)\+([0-9a-f]{8})\+(.+)$/u.exec(text);
      const raw = match && Verify.fromBase64(match[3]);
      if (!raw || raw.length < 2 || 4096 < word.length || refused.includes(raw[0])) return null;
      if (raw[0] === wanted) {
        const named = Uint8Array.of(...new TextEncoder().encode(`${match[1]}\n`), ...raw);
        const id = new Uint8Array(await crypto.subtle.digest("SHA-256", named)).subarray(0, 4);
        if (raw.length !== 33 || [...id].some((byte, at) => byte !== Verify.fromHex(match[2])[at])) return null;
      }
      return [...raw.subarray(1)].join();
    };
    const name = (word) => word !== "none" && !names.has(word) && names.add(word);
    for (const [kind, ...words] of lines) {
      if (kind === undefined || kind.startsWith("#")) continue;
      if (kind === "log" && (words.length === 1 || words.length === 2)) {
        const log = await key(words[0], 1, [4]);
        if (log === null || logs.has(log) || logs.add(log).size > 256) return false;
      } else if (kind === "witness" && (words.length === 2 || words.length === 3)) {
        const witness = await key(words[1], 4, [1, 2, 3, 5]);
        if (witness === null || witnesses.has(witness) || !witnesses.add(witness) || !name(words[0])) return false;
      } else if (kind === "group" && words.length > 2) {
        const [group, needed, ...all] = words;
        if (all.some((member) => !names.has(member) || members.has(member) || !members.add(member))) return false;
        const count = { all: all.length, any: 1 }[needed] ?? (/^[1-9][0-9]*$/.test(needed) ? Number(needed) : 0);
        if (count < 1 || all.length < count || !name(group)) return false;
      } else if (kind === "quorum" && words.length === 1) {
        quorums += 1;
        if (words[0] !== "none" && !names.has(words[0])) return false;
      } else return false;
      if (names.size > 256) return false;
    }
    return quorums === 1;
  };

  const refuse = () => { throw new Verify.Wrong("not of its format"); };
  const parsers = {
    envelope: () => Verify.parseEnvelope(bytes),
    content: () => Verify.parseContent(bytes),
    entry: () => Verify.parseEntry(bytes),
    "signed-note": () => Verify.checkSignatures(Verify.parseSignedNote(bytes), key),
    checkpoint: () => Verify.openCheckpoint(bytes, key),
    "tlog-proof": () => Verify.parseTlogProof(bytes),
    "tile-path": () => tilePath(text ?? "") || refuse(),
    bundle: () => bundle(Number(headers.width)) || refuse(),
    post: () => (text === null ? refuse() : Verify.parsePostText(text)),
    "post-file": () => Verify.parsePostFile(bytes),
    sums: () => Verify.parseSums(bytes),
    vkey: () => Verify.parseVkeyFile(bytes),
    policy: async () => (await policy()) || refuse(),
    "mirror-post": () => mirrorPost() || refuse(),
    slip: () => slip() || refuse(),
    "key-file": async () => (await keyFile()) || refuse(),
  };
  if (format !== "proof") {
    if (!Object.hasOwn(parsers, format)) throw new Error(`nothing here reads the format ${format}: write it in judge.mjs`);
    try {
      await parsers[format]();
      return "valid";
    } catch (error) {
      if (error instanceof Verify.Wrong) return "invalid";
      throw error;
    }
  }
  const plain = ({ status, subject, checks, claims }) =>
    JSON.parse(JSON.stringify({ status, subject, checks, claims }, (_, value) =>
      (typeof value === "bigint" ? Number(value) : value)));
  const report = async (trusted) => {
    try {
      return plain(await Verify.verify(bytes, trusted));
    } catch (error) {
      if (error instanceof Verify.Unreadable) return "unreadable";
      throw error;
    }
  };
  return { trusted: await report({ log: key, receiptLog }), alone: await report({}) };
}
