import assert from "node:assert/strict";
import { test } from "node:test";
import { reviewFigure } from "../../../src/plots/review/review-figure.js";
import { madeRecording } from "./made-recording.js";

const tracesOf = (figure: ReturnType<typeof reviewFigure>) => figure.data.map(({ name }) => String(name));

test("reviewFigure draws the page's montage, its events and the probability", () => {
  const figure = reviewFigure(madeRecording(), { startSeconds: 55, pageSeconds: 10, montage: "tcp" });
  const names = tracesOf(figure);
  assert.deepEqual(names.slice(0, 4), ["reference", "detected", "probability", "FP1-F7"]);
  assert.equal(names.length, 3 + 20 + 1);
  const bands = figure.layout.shapes!.filter(({ type }) => type === "rect");
  assert.deepEqual(
    bands.map(({ x0, x1 }) => [x0, x1]),
    [
      [60, 65],
      [60, 65],
    ],
  );
  assert.match((figure.layout.title as { text: string }).text, /^dev\/aaaaaaaa[^:]*$/);
  const { title } = figure.layout.yaxis as { title: { text: string } };
  assert.equal(title.text, "7 µV/mm, negative up; 1 to 64 Hz", "70 Hz lies above what is shown");
  const level = figure.layout.shapes!.find(({ yref }) => yref === "y2");
  assert.deepEqual([level?.y0, level?.y1], [0.86, 0.86], "where detections begin");
});

test("without predictions there is no probability, and the rest is unchanged", () => {
  const { detector: _, ...plain } = madeRecording();
  assert.deepEqual(tracesOf(reviewFigure(plain)).slice(0, 3), ["reference", "detected", "FP1-F7"]);
});

test("a start outside the recording and a montage without its electrodes are refused with the valid ones", () => {
  assert.throws(
    () => reviewFigure(madeRecording(), { startSeconds: 500 }),
    /invalid startSeconds: 500; dev\/.* has 120 s/,
  );
  const few = madeRecording({ electrodes: ["FP1", "F7"] });
  assert.throws(() => reviewFigure(few, { montage: "average", startSeconds: -1 }), /invalid startSeconds: -1/);
  const one = madeRecording({ electrodes: ["FP1"] });
  assert.throws(
    () => reviewFigure(one, { montage: "banana" }),
    /invalid montage: banana; the electrodes of .* allow average, recorded/,
  );
});
