// What both runners need: the page, the vectors, and the reports of the program to compare with.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));
export const PAGE = join(root, "src/site/verify.html");

/** The text of the page's script with this id. */
export function pageScript(id) {
  const match = new RegExp(`<script id="${id}">([^]*?)</script>`).exec(readFileSync(PAGE, "utf8"));
  assert(match, `${PAGE} has a script ${id}`);
  return match[1];
}

/** The page's checks outside of a browser, and the table of its words. */
export const pageChecks = () => new Function(`${pageScript("words")}; ${pageScript("verify")}; return { Verify, WORDS };`)();

/** The headers of a vector's file, and the bytes of the case. */
export function readVector(path) {
  const file = readFileSync(path), split = file.indexOf("\n\n");
  const headers = Object.fromEntries(file.subarray(0, split).toString().split("\n").map((line) => {
    const at = line.indexOf(": ");
    return [line.slice(0, at), line.slice(at + 2)];
  }));
  const body = file.subarray(split + 2);
  return { headers, bytes: headers.encoding === "base64" ? Buffer.from(body.toString(), "base64") : body };
}

/** What the headers say is trusted: a key, or a policy, which is in base64 there. */
const trustIn = (headers, of) => ({ key: headers[`${of}vkey`],
  policy: headers[`${of}policy`] && Buffer.from(headers[`${of}policy`], "base64").toString() });

/** What the page and the program both say: of an answer of the program. */
export function reportIn({ verdict, summary, next, subject, checks, claims, packing }) {
  if (verdict === "not-read") return { verdict, why: [summary.replace(/^NOT READ: /, ""), ...next].join("\n") };
  return { verdict, summary, next, subject, checks, claims, remarks: packing.remarks, aside: packing.set_aside };
}

/** What the program says of this proof: its report. The headers may name the keys that are trusted. */
export function programReport(program, bytes, headers = {}) {
  const folder = mkdtempSync(join(tmpdir(), "verbale-page-"));
  try {
    const file = join(folder, "proof.zip");
    writeFileSync(file, bytes);
    const trusted = (option, of) => {
      const { key, policy } = trustIn(headers, of), path = join(folder, `${of}policy`);
      if (policy) writeFileSync(path, policy);
      return policy ?? key ? [option, policy ? path : key] : [];
    };
    const trust = [...trusted("--log", ""), ...trusted("--receipt-log", "receipt-")];
    const { stdout, stderr } = spawnSync(program, ["verify", "--json", ...trust, file], { encoding: "utf8" });
    assert(stdout !== "", `the program answers: ${stderr}`);
    return reportIn(JSON.parse(stdout));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The same verdict, and the same checks with the same outcomes, claims and words, but for two things that each words in its own
 *  way: what is wrong with an archive, and where JSON is broken. */
export function compareReports(page, program) {
  const outcomes = ({ verdict, checks }) => [verdict, ...checks?.map(({ name, outcome }) => [name, outcome]) ?? []];
  assert.deepEqual(outcomes(page), outcomes(program));
  const plain = (text) => text.replace(/^((?:note-\d+\.recipient-\d+\.json: )?it cannot be read as JSON): .*/, "$1");
  const words = (report) => (report.verdict === "not-read" ? report.why.replace(/^(the archive cannot be read): .*/, "$1")
    : { ...report, checks: report.checks.map((check) => ({ ...check, detail: plain(check.detail) })) });
  assert.deepEqual(words(page), words(program));
}

/** All vectors: { name, input, compare(result of judge) }. */
export function vectors(program) {
  assert(program, "name the program: node vectors.mjs target/debug/verbale");
  execFileSync(program, ["--version"]);
  const folder = join(root, "tests/vectors");
  const formats = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const files = (format) => readdirSync(join(folder, format)).sort();
  console.log(`vectors: ${formats.map((format) => `${format} ${files(format).length}`).join(", ")}`);
  return formats.flatMap((format) => files(format).map((file) => {
    const { headers, bytes } = readVector(join(folder, format, file));
    const input = { format, headers, base64: bytes.toString("base64") };
    const compare = (result) => {
      if (format !== "proof") return assert.equal(result, headers.expect, headers.comment);
      assert.equal(summary(result.trusted), headers.expect, headers.comment);
      compareReports(result.trusted, programReport(program, bytes, headers));
      compareReports(result.alone, programReport(program, bytes));
    };
    return { name: `${format}/${file}`, input, compare };
  }));
}

/** As the header `expect` of a proof's vector says it: the verdict, which checks fail, and which extras count for nothing. */
export function summary({ verdict, checks = [] }) {
  const named = (kind) => checks.filter(({ outcome }) => outcome === kind).map(({ name }) => name);
  const list = (names) => (names.length > 0 ? `: ${names.join(", ")}` : "");
  const isVoid = named("void").length > 0 && verdict !== "not-read";
  return `${verdict}${verdict === "fails" ? list(named("fails")) : ""}${isVoid ? `: void ${named("void").join(", ")}` : ""}`;
}

/** Runs the tests that `body` names, prints those that fail, and ends with the line `N passed, N failed`. */
export async function run(body) {
  const count = { passed: 0, failed: 0 };
  const test = async (name, what) => {
    try {
      await what();
      count.passed += 1;
    } catch (error) {
      count.failed += 1;
      console.log(`FAILED ${name}: ${error.message}`);
    }
  };
  try {
    await body(test);
  } catch (error) {
    count.failed += 1;
    console.log(error);
  }
  console.log(`${count.passed} passed, ${count.failed} failed`);
  process.exitCode = count.failed === 0 && count.passed > 0 ? 0 : 1;
}
