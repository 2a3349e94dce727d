// What the page's checks make of one vector. This file runs in Node and, word for word, inside the browser.

/** `valid`, `invalid`, or for a proof its reports, with the vector's keys trusted and without. */
export async function judge(Verify, { format, headers, base64 }) {
  const { Lines, number } = Verify;
  const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  const text = Verify.utf8(bytes);
  const key = headers.vkey ? await Verify.parseVerifierKey(headers.vkey) : null;
  const trusted = (of) => {
    const policy = headers[`${of}policy`], text = policy ? atob(policy) : headers[`${of}vkey`];
    return text ? Verify.readTrusted(text) : null;
  };
  const log = await trusted(""), receiptLog = await trusted("receipt-");

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

  const mirrorPost = () => {
    if (text === null || 16 * 1024 < bytes.length) return false;
    const match = /^Note ([0-9]+), part ([0-9]+) of ([0-9]+)\n\n\u201c([^]*)\u201d(\n\nsha256 [0-9a-f]{64})?$/.exec(text);
    const [note, part, parts] = match ? match.slice(1, 4).map(number) : [null, null, null];
    if (!note || !part || !parts || parts < part || 999n < parts) return false;
    return (part === parts) === (match[5] !== undefined) && Verify.readBrackets(match[4]) !== null;
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
    policy: () => Verify.parsePolicy(bytes),
    "mirror-post": () => mirrorPost() || refuse(),
    subkey: () => Verify.parseSubkey(bytes),
    unlocked: () => Verify.parseUnlocked(bytes),
    slip: () => (text === null ? refuse() : Verify.parseSlip(text)),
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
  const plain = (value) => JSON.parse(JSON.stringify(value, (_, value) => (typeof value === "bigint" ? Number(value) : value)));
  const report = async (trusted) => {
    try {
      const report = await Verify.verify([{ name: "proof.zip", bytes }], trusted);
      if (report.part) throw report.part;
      const { subject, checks, claims, remarks, aside } = report;
      return plain({ verdict: Verify.judge(report).verdict, summary: Verify.summaryOf(report), next: Verify.nextOf(report), subject,
        checks, claims, remarks, aside });
    } catch (error) {
      if (error instanceof Verify.NotRead) return { verdict: "not-read", why: `${error.message}\n${error.next}` };
      throw error;
    }
  };
  return { trusted: await report({ log, receiptLog }), alone: await report({}) };
}
