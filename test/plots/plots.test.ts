import assert from "node:assert/strict";
import { test } from "node:test";
import { createRandom } from "../../src/base/random.js";
import { channelMatrix } from "../../src/plots/channel-matrix.js";
import { detectionFigure } from "../../src/plots/detection.js";
import { eegPage, sideColor } from "../../src/plots/eeg-page.js";
import { COLORS, captionText, type Figure, type MimeBundle, packed } from "../../src/plots/figure.js";
import { labelAgreement } from "../../src/plots/label-agreement.js";
import { minMaxInto } from "../../src/plots/min-max.js";
import { busiestPatient, patientTimeline } from "../../src/plots/patient-timeline.js";
import { rocFigure } from "../../src/plots/roc.js";
import { labelTimeline, seizureLengths, timeShare } from "../../src/plots/seizure-labels.js";
import { trainingCurve } from "../../src/plots/training-curve.js";
import { windowClasses } from "../../src/plots/window-classes.js";
import { rocAndPrCurves } from "../../src/scoring/curves.js";

const rows = [
  {
    id: "train/a/s/m/t0",
    split: "train",
    durationSeconds: 300,
    status: "labelled",
    seizures: [{ startSeconds: 10, endSeconds: 40, label: "fnsz" }],
  },
  { id: "dev/b/s/m/t0", split: "dev", durationSeconds: 100, status: "unknown", seizures: [] },
];

function shown(figure: Figure): MimeBundle {
  const display = (figure as unknown as Record<symbol, () => MimeBundle>)[Symbol.for("Jupyter.display")];
  return display!();
}

test("every figure displays as plotly JSON and as text with the caption", () => {
  const caption = { corpus: "synthetic 1f2e", split: "dev", n: "2 recordings", cacheKey: "abc", commit: "123" };
  const figures = [
    seizureLengths(rows, caption),
    timeShare(rows, caption),
    labelTimeline(rows, caption),
    windowClasses({ all: { partial: 1, full: 2, none: 3, unknown: 4 } }, caption),
    trainingCurve([{ step: 1, loss: 2, learningRate: 0.1 }], [{ step: 1, value: 0.5 }], "AUROC", caption),
    rocFigure(rocAndPrCurves(Float32Array.of(0.1, 0.9), [0, 1]), caption),
    detectionFigure(
      {
        id: "x",
        rateHz: 1,
        probability: new Float32Array(9),
        reference: [],
        hypothesis: [],
        onThreshold: 0.8,
        offThreshold: 0.7,
      },
      caption,
    ),
  ];
  for (const figure of figures) {
    const bundle = shown(figure);
    assert.match(
      String(bundle["text/plain"]),
      /^\[figure\] .*synthetic 1f2e · split dev · n = 2 recordings · cache abc · commit 123/,
    );
    const json = JSON.stringify(bundle["application/vnd.plotly.v1+json"]);
    assert.ok(!/NaN|Infinity/.test(json) && json.includes("synthetic 1f2e"));
  }
});

test("captionText omits unknown fields", () => {
  assert.equal(captionText({ corpus: "c", commit: "d" }), "c · commit d");
});

test("timeShare counts unlabelled recordings as unlabelled, never as background", () => {
  const bars = timeShare(rows).data as unknown as { name: string; x: number[] }[];
  assert.deepEqual(Object.fromEntries(bars.map(({ name, x }) => [name, x])), {
    seizure: [10, 0],
    background: [90, 0],
    unlabelled: [0, 100],
  });
});

test("durations of seizures have explicit ticks", () => {
  const rows = [
    {
      id: "a",
      split: "dev",
      durationSeconds: 90,
      status: "labelled" as const,
      seizures: [{ startSeconds: 1, endSeconds: 9, label: "absz" }],
    },
  ];
  const { tickvals } = seizureLengths(rows).layout.yaxis!;
  assert.deepEqual(tickvals!.slice(0, 5), [1, 2, 5, 10, 20]);
  assert.deepEqual(labelAgreement([]).layout.xaxis?.tickvals, tickvals);
});

test("minMaxInto(out, samples) keeps both extremes of every bucket in order of time", () => {
  const random = createRandom(4, "trace");
  const samples = Float32Array.from({ length: 1000 }, (_, i) => random.normal(i));
  samples[777] = 50;
  samples[778] = -60;
  const out = new Float32Array(20);
  minMaxInto(out, samples);
  assert.deepEqual([...out.subarray(14, 16)], [50, -60]);
  assert.equal(Math.max(...out), 50);
});

test("eegPage draws each channel once per panel, negative up, and cuts the shaded seizure to the panel", () => {
  const panel = {
    title: "w",
    channels: ["FP1", "FZ", "FP2"],
    sampleRateHz: 4,
    startSeconds: 60,
    samples: Float32Array.from({ length: 12 }, (_, i) => i),
    seizures: [
      { startSeconds: 0, endSeconds: 61 },
      { startSeconds: 90, endSeconds: 99 },
    ],
  };
  const page = eegPage("page", [panel, panel], { pointsPerChannel: 4, spacing: 10 });
  assert.equal(page.data.length, 6);
  const first = page.data[1] as unknown as { y: { bdata: string }; line: { color: string } };
  const y = new Int16Array(new Uint8Array(Buffer.from(first.y.bdata, "base64")).buffer);
  assert.deepEqual([...y], [-1120, -1200, -1280, -1360]);
  assert.equal(first.line.color, COLORS.grey);
  const shapes = page.layout.shapes!;
  assert.deepEqual(
    shapes.map(({ x0, x1 }) => [x0, x1]),
    [
      [60, 61],
      [60, 61],
    ],
  );
});

test("sideColor is blue on the left, red on the right, grey on the midline", () => {
  assert.deepEqual(["FP1", "O2", "CZ", "T3-T5"].map(sideColor), [
    COLORS.blue,
    COLORS.vermilion,
    COLORS.grey,
    COLORS.blue,
  ]);
});

test("packed holds the little-endian bytes", () => {
  assert.deepEqual(packed(Int16Array.of(1, -1)), {
    dtype: "i2",
    bdata: Buffer.from([1, 0, 255, 255]).toString("base64"),
  });
});

test("labelAgreement counts recordings that differ by more than 20 ms and excludes those without a seizure in either file", () => {
  const row = (id: string, typedSeconds: number, binarySeconds: number, differenceSeconds: number) => ({
    ...{ id, agreement: { typedSeconds, binarySeconds, differenceSeconds } },
  });
  const rowsOfBoth = [row("a", 10, 10.02, 0.02), row("b", 10, 12, 2), row("c", 0, 0, 0), { id: "only one file" }];
  const { data, layout } = labelAgreement(rowsOfBoth);
  assert.match(JSON.stringify(layout.title), /1 of 3 recordings differ/);
  assert.deepEqual(
    data.map(({ name }) => name),
    ["agree: 1", "differ: 1"],
  );
});

test("channelMatrix marks what is wanted and missing, and counts the recordings that have all", () => {
  const sets = [
    { electrodes: ["C3", "C4", "A1"], recordings: 3, example: "x" },
    { electrodes: ["C4"], recordings: 1, example: "y" },
  ];
  const { data, layout } = channelMatrix(sets, ["C3", "C4"]);
  const { x, z } = data[0] as unknown as { x: string[]; z: number[][] };
  assert.deepEqual(x, ["C3", "C4", "A1"]);
  assert.deepEqual(z, [
    [3, 3, 2],
    [1, 3, 0],
  ]);
  assert.match(JSON.stringify(layout.title), /3 of 4 have all 2/);
});

test("patientTimeline places the recordings of a session end to end with their seizures", () => {
  const place = { split: "dev", patient: "p", session: "s001_2002", montage: "m", status: "labelled" };
  const seizures = [{ startSeconds: 60, endSeconds: 120, label: "absz" }];
  const pieces = [
    { ...place, id: "dev/p/s001/m/t001", token: "t001", durationSeconds: 300, seizures },
    { ...place, id: "dev/p/s001/m/t000", token: "t000", durationSeconds: 600, seizures: [] },
  ];
  const { data } = patientTimeline(pieces, busiestPatient(pieces));
  const [recorded, absence] = data as unknown as { base: number[]; x: number[] }[];
  assert.deepEqual(recorded!.x, [10, 5]);
  assert.ok(recorded!.base[1]! > 10 && recorded!.base[1]! < 10.5);
  assert.deepEqual(absence!.x, [1]);
  assert.ok(Math.abs(absence!.base[0]! - recorded!.base[1]! - 1) < 1e-3);
  assert.throws(() => patientTimeline(pieces, "q"), RangeError);
});
