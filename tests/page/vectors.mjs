// Every vector through the page's own checks, outside of a browser: node tests/page/vectors.mjs VERBALE
// VERBALE is the program whose reports the page's must equal, check by check and claim by claim.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { constants, deflateRawSync } from "node:zlib";
import { pageChecks, readVector, run, vectors } from "./common.mjs";
import { judge } from "./judge.mjs";

const { Verify, WORDS } = pageChecks();
await run(async (test) => {
  const named = { checks: new Set(), claims: new Set() };
  for (const vector of vectors(process.argv[2])) {
    await test(vector.name, async () => {
      const result = await judge(Verify, vector.input);
      for (const kind of Object.keys(named)) {
        for (const report of [result.trusted, result.alone]) report?.[kind]?.forEach(({ name }) => named[kind].add(name));
      }
      vector.compare(result);
    });
  }
  const slip = readVector(fileURLToPath(new URL("../vectors/slip/full.txt", import.meta.url))).bytes;
  (await Verify.slip(slip.toString(), "")).checks.forEach(({ name }) => named.checks.add(name));
  await test("the page has a question for each check and a title for each claim, and no others", () => {
    assert.deepEqual([...named.checks].sort(), Object.keys(WORDS.question).sort());
    assert.deepEqual([...named.claims].sort(), Object.keys(WORDS.claimTitle).sort());
  });
  const receipt = Verify.unzip(readVector(fileURLToPath(new URL("../vectors/proof/receipt.txt", import.meta.url))).bytes)
    .map(({ path, bytes }) => ({ name: path, bytes }));
  await test("the files of a proof with a receipt, chosen one by one", async () => {
    const { checks, part } = await Verify.verify(receipt);
    assert.equal(part, null);
    for (const name of ["files", "inclusion", "post", "receipt", "receipt log", "receipt by"]) {
      assert.equal(checks.find((check) => check.name === name).outcome, "holds", name);
    }
  });
  await test("single files fail for what they are, and not for those that were not chosen", async () => {
    for (const one of receipt) {
      for (const files of [[one], receipt.filter((other) => other !== one && other.name !== "SHA256SUMS")]) {
        const report = await Verify.verify(files).catch((error) => {
          if (error instanceof Verify.NotRead) return { part: error, checks: [] };
          throw error;
        });
        assert(report.part, "they are no whole proof");
        assert.deepEqual(report.checks.filter(({ outcome }) => outcome === "fails"), [], files.map(({ name }) => name).join(", "));
      }
    }
  });
  await test("what zlib packs, it unpacks, and nothing that stops early or goes on", () => {
    const { Z_DEFAULT_STRATEGY, Z_FILTERED, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE } = constants;
    let state = 1;
    const random = () => (state = (state * 1103515245 + 12345) & 0x7fffffff);
    for (const length of [0, 1, 2, 257, 4000, 70_000]) {
      for (const letters of [1, 2, 7, 256]) {
        const bytes = Uint8Array.from({ length }, () => (random() >> 8) % letters);
        for (const strategy of [Z_DEFAULT_STRATEGY, Z_FILTERED, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE]) {
          for (const level of [0, 1, 6, 9]) {
            const packed = new Uint8Array(deflateRawSync(bytes, { level, strategy })), file = { path: "x", length };
            assert.deepEqual(Verify.inflate(packed, file), bytes);
            const refused = (data, file) => assert.throws(() => Verify.inflate(data, file), Verify.NotRead);
            refused(packed.subarray(0, -1), file);
            refused(Uint8Array.of(...packed.subarray(0, 5000), ...packed.subarray(5000), 0), file);
            if (length > 0) refused(packed, { path: "x", length: length - 1 });
          }
        }
      }
    }
  });
});
