// The site in headless Chromium: how fast the front page of a long log loads beside that of a short one, and how the pages
// look and can be used: node tests/page/front.mjs SHORT LONG STORY, three sites: of a short log, a long one, and one with one of everything.
// What it needs is said in chromium.mjs. SCREENSHOTS names a folder for pictures of the pages, to be looked at.
import assert from "node:assert/strict";
import { faults, launch, picture, serve } from "./chromium.mjs";
import { run } from "./common.mjs";

const LOADS = 60;
/** By how much the long log's median may be over the short one's: what one page load differs from the next. */
const SLOWER_MAX = 1.25, SLOWER_MS = 5;
const PAGES = ["index.html", "note/0/1.html", "note/0/2.html", "notes/1-250.html", "notes/index.html", "gaps.html"];

const [short, long, story] = process.argv.slice(2);
assert(short && long && story, "name three folders: node front.mjs SHORT LONG STORY");

const median = (all) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)];

/** One load with nothing cached: milliseconds until everything is there and laid out, and the bytes of it. */
async function load(browser, address) {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } });
  const page = await context.newPage();
  await page.goto(`${address}/`, { waitUntil: "load" });
  const { ms, bytes } = await page.evaluate(() => {
    const [{ loadEventEnd, startTime }] = performance.getEntriesByType("navigation");
    const all = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
    document.body.getBoundingClientRect();
    return { ms: loadEventEnd - startTime, bytes: all.reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0) };
  });
  await context.close();
  return { ms, bytes };
}

const browser = await launch();
const sites = { short: await serve(short), long: await serve(long), story: await serve(story) };

await run(async (test) => {
  await test("the front page of the long log loads as fast as that of the short one", async () => {
    const loads = { short: [], long: [] };
    // By turns, so that whatever else the machine does hits both.
    for (let i = -5; i < LOADS; i++) {
      for (const name of i % 2 ? ["short", "long"] : ["long", "short"]) {
        const one = await load(browser, sites[name].address);
        if (i >= 0) loads[name].push(one);
      }
    }
    const [a, b] = ["short", "long"].map((name) => ({ ms: median(loads[name].map(({ ms }) => ms)), bytes: loads[name][0].bytes }));
    console.log(`front page, median of ${LOADS} loads: short log ${a.ms.toFixed(1)} ms, ${a.bytes} bytes; ` +
      `long log ${b.ms.toFixed(1)} ms, ${b.bytes} bytes`);
    assert(b.ms <= Math.max(a.ms * SLOWER_MAX, a.ms + SLOWER_MS), `${b.ms} ms against ${a.ms} ms`);
    assert(b.bytes < a.bytes + 1000, `${b.bytes} bytes against ${a.bytes}`);
  });

  for (const [colorScheme, width, name] of ["light", "dark"].flatMap((scheme) =>
    [360, 1280].flatMap((width) => ["long", "story"].map((name) => [scheme, width, name])))) {
    const { address } = sites[name];
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme });
    const page = await context.newPage();
    const wrong = [];
    page.on("console", (message) => message.type() === "error" && wrong.push(message.text()));
    page.on("request", (request) => request.url().startsWith(address) || wrong.push(request.url()));
    for (const path of PAGES) {
      const what = `${name}/${path}, ${width} wide, ${colorScheme}`;
      await test(`${what}: fits, has no script, and nothing that axe finds wrong`, async () => {
        await page.goto(`${address}/${path}`);
        assert(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "it scrolls sideways");
        assert.equal(await page.locator("script").count(), 0);
        assert.deepEqual(await faults(page), []);
        await picture(page, `${name}-${path.replaceAll("/", "-")}-${width}-${colorScheme}`);
      });
    }
    await test(`${name}, ${width} wide, ${colorScheme}: nobody else was asked, and nothing is missing`,
      () => assert.deepEqual(wrong.filter((what) => !what.startsWith("data:")), []));
    await context.close();
  }

  const page = await browser.newPage();
  await test("a hash that is selected is 64 digits", async () => {
    await page.goto(`${sites.long.address}/note/0/17.html`);
    const selected = await page.evaluate(() => {
      getSelection().selectAllChildren(document.querySelector(".hash"));
      return getSelection().toString();
    });
    assert.match(selected, /^[0-9a-f]{64}$/);
  });
  await test("the keyboard reaches the contents first, then the site; headings skip no level", async () => {
    await page.goto(`${sites.long.address}/`);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute("href")), "#main");
    const levels = await page.locator("h1, h2, h3").evaluateAll((all) => all.map(({ tagName }) => Number(tagName[1])));
    assert(levels[0] === 1 && levels.every((level, i) => i === 0 || level <= levels[i - 1] + 1), String(levels));
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    assert.match(await page.evaluate(() => document.activeElement.getAttribute("href")), /^verify/);
  });
  await test("from the front page to a note, to its range, and to the page that checks", async () => {
    await page.goto(`${sites.long.address}/`);
    await page.locator("ol.notes a.number").first().click();
    const title = await page.locator("h1").innerText();
    assert.match(title, /^Note \d+$/);
    await page.getByRole("link", { name: "Among the others" }).click();
    assert.match(page.url(), new RegExp(`#n${title.slice(5)}$`));
    await page.getByRole("link", { name: "Check a proof" }).click();
    assert.match(page.url(), /\/verify\.html$/);
  });
});
await browser.close();
for (const { server } of Object.values(sites)) server.close();
