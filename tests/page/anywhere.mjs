// Every vector through the page's own checks in any browser: node tests/page/anywhere.mjs VERBALE [BROWSER [ARGUMENT…]]
// Opens the address that it prints in that browser, or waits for you to open it in one, and compares what the browser makes of each
// vector with what the program says. For example:
//   node tests/page/anywhere.mjs target/debug/verbale firefox-esr --headless --no-remote --profile "$(mktemp -d)"
//   xvfb-run node tests/page/anywhere.mjs target/debug/verbale /usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { pageScript, run, vectors } from "./common.mjs";
import { judge } from "./judge.mjs";

const [program, browser, ...options] = process.argv.slice(2);
const WAIT_MS = 300_000;
const all = vectors(program);

/** What the browser runs: the page's words and checks, and each vector through them. */
const PAGE = `<!doctype html><meta charset="utf-8"><title>Vectors</title><p id="at">Running.</p>
<script>${pageScript("words")}</script><script>${pageScript("verify")}</script>
<script>${judge}
(async () => {
  const results = [];
  for (const input of await (await fetch("/vectors")).json()) {
    results.push(await judge(Verify, input).catch((error) => "error: " + error.message));
  }
  await fetch("/results", { method: "POST", body: JSON.stringify({ results, agent: navigator.userAgent }) });
  document.getElementById("at").textContent = "Done.";
})();
</script>`;

/** What comes back from the browser. */
function answers() {
  return new Promise((take, fail) => {
    const server = createServer((request, response) => {
      if (request.method === "GET") {
        const isList = request.url === "/vectors";
        response.setHeader("content-type", isList ? "application/json" : "text/html; charset=utf-8");
        response.end(isList ? JSON.stringify(all.map(({ input }) => input)) : PAGE);
        return;
      }
      const parts = [];
      request.on("data", (part) => parts.push(part)).on("end", () => {
        response.end();
        server.close();
        take(JSON.parse(Buffer.concat(parts).toString()));
      });
    });
    server.listen(0, "127.0.0.1", () => {
      const address = `http://127.0.0.1:${server.address().port}/`;
      console.log(address);
      const child = browser ? spawn(browser, [...options, address], { stdio: "ignore" }) : null;
      child?.on("error", fail);
      setTimeout(() => fail(new Error("no browser has answered")), WAIT_MS).unref();
      server.on("close", () => child?.kill());
    });
  });
}

await run(async (test) => {
  const { results, agent } = await answers();
  console.log(agent);
  for (const [i, vector] of all.entries()) await test(vector.name, () => vector.compare(results[i]));
});
process.exit();
