import assert from "node:assert/strict";
import { test } from "node:test";
import { longestMissSeconds, worstFirst } from "../../../src/base/worst-first.js";
import { reviewList, reviewRow } from "../../../src/plots/review/list.js";
import { madeRecording } from "./made-recording.js";

const base = reviewRow(madeRecording(), "a.html");
const span = (startSeconds: number, seconds: number) => ({ startSeconds, endSeconds: startSeconds + seconds });

test("reviewRow keeps what the list says, with the probability's peaks", () => {
  assert.deepEqual([base.misses.length, base.falseAlarms.length, base.outline.length], [1, 1, 160]);
  assert.ok(Math.max(...base.outline) > 0.94);
  assert.equal(longestMissSeconds(base), 6);
});

test("rows are sorted by the longest miss, then by false alarms", () => {
  const rows = [
    { ...base, id: "quiet", misses: [], falseAlarms: [] },
    { ...base, id: "alarms", misses: [], falseAlarms: [span(1, 5), span(9, 5)] },
    { ...base, id: "short misses", misses: [span(1, 5), span(20, 5)] },
    { ...base, id: "long miss", misses: [span(1, 60)] },
  ];
  assert.deepEqual(
    worstFirst(rows).map(({ id }) => id),
    ["long miss", "short misses", "alarms", "quiet"],
  );
});

test("the list links to the first miss, marks unknown labels, and escapes names", () => {
  const rows = [
    base,
    { ...base, id: "<b>&", href: "<b>.html", isLabelled: false, misses: [], falseAlarms: [] },
    { ...base, id: "c", durationSeconds: 119.7, hasPrediction: false, misses: [], falseAlarms: [] },
  ];
  const html = reviewList(rows, { leftOut: [{ id: "d", reason: "no whole record" }] });
  assert.match(html, /href="a\.html#t=24\.0"/);
  assert.match(html, /&lt;b&gt;&amp;<\/a> <span class="faint">not labelled/);
  assert.match(html, /no prediction/);
  assert.match(html, />2:00</, "119.7 s are two minutes, not 1:60");
  assert.match(html, /<li>d: no whole record<\/li>/);
  assert.ok(!html.includes("<b>"));
  assert.ok(!/https?:/.test(html), "nothing comes from a network");
});
