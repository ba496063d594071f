import assert from "node:assert/strict";
import { test } from "node:test";
import { reviewFigure } from "../../../src/plots/review/review-figure.js";
import { traceSpreads } from "../../../src/plots/review/trace-spreads.js";
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

test("traceSpreads(recording) is the robust SD of each trace as it is drawn: hum counts until a notch takes it off", () => {
  const hum = (amplitude: number) => {
    const made = madeRecording();
    const { sampleCount, sampleRateHz, stepMicrovolts, channels } = made.signals;
    const samples = new Int16Array(channels.length * sampleCount);
    for (
      let i = 0;
      i < sampleCount;
      i++ // FP1 alone, and a spike that a robust measure does not see
    )
      samples[i] =
        (amplitude * Math.sin((2 * Math.PI * 50 * i) / sampleRateHz) + (i === 7000 ? 900 : 0)) / stepMicrovolts;
    return { ...made, signals: { ...made.signals, samples } };
  };
  const page = { startSeconds: 50, montage: "recorded" } as const;
  const [loud] = traceSpreads(hum(300), page);
  assert.ok(loud! > 300 && loud! < 350, `${loud}`); // the median of |sin| is 0.707
  const notched = { ...hum(300), filters: { notchHz: 50 } };
  assert.ok(traceSpreads(notched, page)[0]! < 5);
  assert.ok(
    traceSpreads(notched, { ...page, notchHz: null })[0]! > 300,
    "an option comes before the recording's own filters",
  );
  assert.match((reviewFigure(notched).layout.yaxis as { title: { text: string } }).title.text, /notch 50 Hz$/);
});
