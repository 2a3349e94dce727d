// Every vector through the page's own checks, outside of a browser: node tests/page/vectors.mjs VERBALE
// VERBALE is the program whose reports the page's must equal, check by check and claim by claim.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
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
  await test("the page has a question for each check and a title for each claim, and no others", () => {
    assert.deepEqual([...named.checks].sort(), Object.keys(WORDS.question).sort());
    assert.deepEqual([...named.claims].sort(), Object.keys(WORDS.claimTitle).sort());
  });
  await test("the files of a receipt, chosen one by one", async () => {
    const { bytes } = readVector(fileURLToPath(new URL("../vectors/proof/receipt.txt", import.meta.url)));
    const files = [...await Verify.unzip(bytes)].map(([name, bytes]) => ({ name, bytes }));
    const { checks } = await Verify.verifyFiles(files);
    const outcome = (name) => checks.find((check) => check.name === name).outcome;
    for (const name of ["files", "inclusion", "post", "receipt", "receipt log", "receipt by"]) {
      assert.equal(outcome(name), "holds", name);
    }
  });
  await test("single files fail for what they are, and not for those that were not chosen", async () => {
    const { bytes } = readVector(fileURLToPath(new URL("../vectors/proof/receipt.txt", import.meta.url)));
    const all = [...await Verify.unzip(bytes)].map(([name, bytes]) => ({ name, bytes }));
    for (const one of all) {
      for (const files of [[one], all.filter((other) => other !== one), all.filter(({ name }) => name === one.name || name === "SHA256SUMS")]) {
        const failing = (await Verify.verifyFiles(files)).checks.filter(({ outcome }) => outcome === "fails");
        assert.deepEqual(failing, [], files.map(({ name }) => name).join(", "));
      }
    }
  });
});
