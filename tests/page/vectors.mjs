// Every vector through the page's own checks, outside of a browser: node tests/page/vectors.mjs VERBALE
// VERBALE is the program whose reports the page's must equal, check by check and claim by claim.
import { pageScript, run, vectors } from "./common.mjs";
import { judge } from "./judge.mjs";

const Verify = new Function(`${pageScript("verify")}; return Verify;`)();
await run(async (test) => {
  for (const vector of vectors(process.argv[2])) {
    await test(vector.name, async () => vector.compare(await judge(Verify, vector.input)));
  }
});
