/** A page with figures as a reader sees it in Chromium: off line, wide and narrow, light and dark. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { openPage, type Page, type PageEvent } from "../src/browser/page.js";

const WIDTHS = [1200, 400];
const SCHEMES = ["light", "dark"];

/** What a reader would see as broken, in words; runs in the page. */
const PAGE_FAULTS = `(() => {
  const faults = [];
  const tolerance = 2;
  const meet = (a, b) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
  const root = document.documentElement;
  if (root.scrollWidth > innerWidth + tolerance) faults.push("the page is " + root.scrollWidth + " px wide");
  for (const [index, box] of [...document.querySelectorAll(".figure")].entries()) {
    const fault = (text) => faults.push("figure " + (index + 1) + ": " + text);
    if (!box.querySelector(".plot-container")) { fault("not drawn: " + box.innerText); continue; }
    if (box.scrollHeight > box.clientHeight + tolerance) fault(box.scrollHeight + " px high in " + box.clientHeight);
    if (box.scrollWidth > box.clientWidth + tolerance) fault(box.scrollWidth + " px wide in " + box.clientWidth);
    const frame = box.getBoundingClientRect();
    const texts = [...box.querySelectorAll("svg text")].filter((text) => text.textContent.trim() !== "");
    for (const text of texts) {
      const place = text.getBoundingClientRect();
      if (place.width === 0) continue;
      const inside = place.left >= frame.left - tolerance && place.right <= frame.right + tolerance &&
        place.top >= frame.top - tolerance && place.bottom <= frame.bottom + tolerance;
      if (!inside) fault("text cut off: " + text.textContent);
    }
    const kinds = [".g-gtitle", ".legend", ".annotation", ".xtitle, .x2title", ".ytitle, .y2title", ".xtick", ".x2tick"];
    const groups = kinds.flatMap((kind) => [...box.querySelectorAll(kind)].map((node) => [kind, node, node.getBoundingClientRect()]))
      .filter(([, , place]) => place.width > 0);
    for (const [i, [kind, node, place]] of groups.entries())
      for (const [otherKind, other, otherPlace] of groups.slice(i + 1))
        if (meet(place, otherPlace)) fault(kind + " “" + node.textContent + "” lies on " + otherKind + " “" + other.textContent + "”");
  }
  return faults;
})()`;

/** Goes down the page as a reader would; resolves when every figure has its title or 8 s are over. */
const SCROLL_THROUGH = `(async () => {
  const end = performance.now() + 8000;
  for (const box of document.querySelectorAll(".figure")) {
    box.scrollIntoView();
    while (!box.querySelector(".plot-container .gtitle") && performance.now() < end)
      await new Promise((done) => setTimeout(done, 20));
  }
})()`;

/** The faults of the page once its layout has come to rest: none, or those that are left after 4 s. */
async function lastingFaults(page: Page): Promise<string[]> {
  const end = performance.now() + 4000;
  for (;;) {
    const faults = await page.evaluate<string[]>(PAGE_FAULTS);
    if (faults.length === 0 || performance.now() > end) return faults;
    await sleep(100);
  }
}

async function openAt(page: Page, url: string, width: number): Promise<void> {
  await page.send("Emulation.setDeviceMetricsOverride", { width, height: 900, deviceScaleFactor: 1, mobile: false });
  await page.open(url);
}

/** Uncaught exceptions, console errors and failed requests among the events. */
function complaints(events: readonly PageEvent[]): string[] {
  const bad = events.filter(({ method, params }) => {
    if (method === "Runtime.exceptionThrown" || method === "Network.loadingFailed") return true;
    if (method === "Runtime.consoleAPICalled") return params.type === "error" || params.type === "assert";
    return method === "Log.entryAdded" && (params.entry as { level: string }).level === "error";
  });
  return bad.map(({ method, params }) => `${method} ${JSON.stringify(params).slice(0, 500)}`);
}

/** Opens the page at `path` and asserts that its `figures` figures draw whole, everywhere, without a complaint. */
export async function checkFigurePage(executable: string, path: string, figures: number): Promise<void> {
  const page = await openPage(executable);
  try {
    for (const width of WIDTHS) {
      await openAt(page, pathToFileURL(path).href, width);
      await page.evaluate(SCROLL_THROUGH);
      assert.equal(await page.evaluate(`document.querySelectorAll(".figure .plot-container").length`), figures);
      const papers = new Set<string>();
      for (const value of SCHEMES) {
        await page.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value }] });
        papers.add(await page.evaluate("getComputedStyle(document.body).backgroundColor"));
        assert.deepEqual(await lastingFaults(page), [], `${width} px wide, ${value}`);
      }
      assert.equal(papers.size, SCHEMES.length, "light and dark have papers of their own");
    }
    assert.deepEqual(complaints(page.events), []);
    assert.equal(await page.evaluate("navigator.onLine"), false);
  } finally {
    await page.close();
  }
}
