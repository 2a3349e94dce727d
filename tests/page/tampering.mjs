// What the page notices of each kind of tampering: node tests/page/tampering.mjs [--print] DIR
// DIR has the cases that tests/it/adversary/tampering.rs leaves there. With --print the page's column is printed; without, it is
// compared with the one in src/TAMPERING.md.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { pageChecks, run } from "./common.mjs";

const { Verify } = pageChecks();
const isPrinted = process.argv[2] === "--print";
const { vkey, receiptVkey, cases } = JSON.parse(readFileSync(join(process.argv[isPrinted ? 3 : 2], "cases.json"), "utf8"));
const trusted = { log: await Verify.readTrusted(vkey), receiptLog: await Verify.readTrusted(receiptVkey) };

const bytesOf = (base64) => new Uint8Array(Buffer.from(base64, "base64"));

/** The checks that fail in a report, and those of extras that count for nothing. */
const failing = ({ checks }) => checks.filter(({ outcome }) => ["fails", "void"].includes(outcome))
  .map(({ name, outcome }) => (outcome === "void" ? `${name} (void)` : name));

/** What the page makes of a case, as it stands in the table. */
async function cell({ proofs, loose }) {
  if (proofs.length + loose.length === 0) return "—";
  const names = new Set();
  let isCompared = true;
  try {
    for (const { zip, pasted, name } of proofs) {
      const report = await Verify.verify([{ name: "proof.zip", bytes: bytesOf(zip) }], trusted);
      if (report.part) throw report.part;
      const [outcome] = await Verify.comparePasted(report, Verify.readPasted(pasted ?? "")) ?? [];
      const { faults, isQuestion } = Verify.judge(report, { pasted: outcome, name: Verify.compareName(report, name ?? "") });
      failing(report).forEach((name) => names.add(name));
      if (faults.includes("pasted")) names.add("pasted post");
      // With the log's key known, another name may be a new one: that is asked.
      if (faults.includes("name") || isQuestion) names.add("name over the post");
      isCompared &&= ["holds", "fails"].includes(outcome);
    }
    if (loose.length > 0) {
      const files = loose.map(({ name, base64 }) => ({ name, bytes: bytesOf(base64) }));
      failing(await Verify.verify(files, trusted)).forEach((name) => names.add(name));
    }
  } catch (error) {
    if (!(error instanceof Verify.NotRead)) throw error;
    return "not read";
  }
  if (names.size > 0) return [...names].map((name) => `\`${name}\``).join(", ");
  return isCompared ? "holds" : "nothing to compare";
}

if (isPrinted) {
  const column = {};
  for (const one of cases) column[one.name] = await cell(one);
  console.log(JSON.stringify(column));
} else {
  const table = readFileSync(fileURLToPath(new URL("../../src/TAMPERING.md", import.meta.url)), "utf8");
  const rows = table.split("\n").filter((line) => line.startsWith("| ")).map((line) => line.slice(2).split(" | "));
  const kept = new Map(rows.map((cells) => [cells[0], cells[4]?.replace(/ \|$/, "")]));
  await run(async (test) => {
    for (const one of cases) {
      await test(one.name, async () => assert.equal(await cell(one), kept.get(one.name)));
    }
  });
}
