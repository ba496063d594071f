import assert from "node:assert/strict";
import { test } from "node:test";
import { aeegFigure } from "../../src/plots/aeeg.js";
import { captionText } from "../../src/plots/figure.js";
import {
  detectedByGroup,
  falseAlarmCurve,
  latencyHistogram,
  patientForest,
  reliabilityDiagram,
  wilson,
} from "../../src/plots/measures.js";
import { rocFigure } from "../../src/plots/roc.js";
import { spectrogramFigure, topography } from "../../src/plots/time-frequency.js";
import { typeConfusionFigure } from "../../src/plots/type-confusion.js";
import { calibrationCurve } from "../../src/scoring/calibration.js";
import { rocAndPrCurves } from "../../src/scoring/curves.js";
import { ELECTRODES_19, electrodePosition } from "../../src/signal/electrodes.js";
import { spectrogram } from "../../src/signal/spectrum.js";

const caption = { corpus: "synthetic 1f2e", split: "dev", n: "2 recordings", cacheKey: "abc", commit: "123" };
const patientOf = (patient: string, seizures: number, detected: number) => ({
  ...{ patient, seizures, detected, sensitivity: detected / seizures },
  ...{ recordings: 1, hours: 1, falseAlarms: 1, falseAlarmsPer24h: 24 },
});

const latenciesOf = (latencies: number[]) => ({
  ...{ seizures: latencies.length, censored: 0, latencies, lookAheadSeconds: null },
});

test("wilson gives the known interval, contains the proportion and is NaN without trials", () => {
  const { lower, upper } = wilson(8, 10);
  assert.ok(Math.abs(lower - 0.4902) < 1e-4 && Math.abs(upper - 0.9433) < 1e-4);
  assert.ok(Math.abs(wilson(0, 5).lower) < 1e-12 && wilson(5, 5).upper === 1);
  assert.ok(Number.isNaN(wilson(0, 0).lower));
});

test("patientForest draws the patient of lowest sensitivity at the bottom and no sensitivity without seizures", () => {
  const { data } = patientForest([patientOf("a", 4, 4), patientOf("b", 4, 1), patientOf("c", 0, 0)], caption);
  const points = data[0] as unknown as { x: (number | null)[]; y: string[] };
  assert.deepEqual(
    [points.y, points.x],
    [
      ["c", "b", "a"],
      [null, 0.25, 1],
    ],
  );
});

test("falseAlarmCurve orders the operating points by their false alarms", () => {
  const points = [
    [10, 0.9],
    [0, 0],
    [2, 0.5],
  ].map(([falseAlarmsPer24h, sensitivity], i) => ({
    threshold: 1 / (i + 1),
    falseAlarmsPer24h: falseAlarmsPer24h!,
    sensitivity: sensitivity!,
  }));
  const { data, layout } = falseAlarmCurve({ "U-Net": points }, caption);
  const [curve] = data as unknown as { x: number[]; y: number[] }[];
  assert.deepEqual(layout.xaxis?.range, [0, 11.5]);
  const noisy = { threshold: 0.01, falseAlarmsPer24h: 4000, sensitivity: 0.9 };
  assert.deepEqual(
    falseAlarmCurve({ "U-Net": [...points, noisy] }, caption).layout.xaxis?.range,
    [0, 11.5],
    "what gains nothing is out of view",
  );
  const unknown = points.map((point) => ({ ...point, sensitivity: Number.NaN }));
  assert.deepEqual(falseAlarmCurve({ "U-Net": unknown }, caption).layout.xaxis?.range, [0, 11.5]);
  assert.deepEqual(
    [curve!.x, curve!.y],
    [
      [0, 2, 10],
      [0, 0.5, 0.9],
    ],
  );
});

test("reliabilityDiagram excludes empty bins from the line; detectedByGroup stacks to the number of seizures", () => {
  const { data, layout } = reliabilityDiagram(calibrationCurve(Float32Array.of(0.1, 0.9), [0, 1], 5), caption);
  assert.deepEqual((data[1] as { y: number[] }).y, [0, 1]);
  assert.match(JSON.stringify(layout.title), /error 0\.100/);
  const bars = detectedByGroup({ fnsz: { seizures: 5, detected: 2, sensitivity: 0.4 } }, "type", caption)
    .data as unknown as { x: number[] }[];
  assert.deepEqual(
    bars.map(({ x }) => x),
    [[2], [3]],
  );
  assert.deepEqual((latencyHistogram(latenciesOf([1, 2]), caption).data[0] as { x: number[] }).x, [1, 2]);
});

test("counts have ticks at whole numbers, few or many", () => {
  const group = (seizures: number) => ({ fnsz: { seizures, detected: 1, sensitivity: 1 / seizures } });
  const dtick = (seizures: number) => detectedByGroup(group(seizures), "type", caption).layout.xaxis?.dtick;
  assert.deepEqual([dtick(2), dtick(8), dtick(500)], [1, 2, undefined]);
  assert.equal(latencyHistogram(latenciesOf([-1, 1, 2, 14]), caption).layout.yaxis?.dtick, 1);
  assert.equal(latencyHistogram(latenciesOf([]), caption).layout.yaxis?.dtick, 1);
  const { xaxis } = latencyHistogram({ ...latenciesOf([1]), lookAheadSeconds: 16 }, caption).layout;
  assert.match(JSON.stringify(xaxis), /look-ahead \+16 s/);
});

test("spectrogramFigure shows a tone at its frequency and thins long recordings", () => {
  const signal = Float32Array.from({ length: 256 * 60 }, (_, i) => 50 * Math.sin((2 * Math.PI * 10 * i) / 256));
  const [map] = spectrogramFigure(spectrogram(signal, { sampleRateHz: 256 }), {}, caption).data as unknown as {
    y: number[];
    z: number[][];
  }[];
  const loudest = map!.z.map((row) => row[0]!).reduce((best, value, i, all) => (value > all[best]! ? i : best), 0);
  assert.equal(map!.y[loudest], 10);
  const many = {
    timesSeconds: Float64Array.from({ length: 5000 }, (_, i) => i),
    frequenciesHz: Float64Array.of(0, 1),
    power: new Float64Array(10_000).fill(1),
  };
  const [thin] = spectrogramFigure(many).data as unknown as { x: number[] }[];
  assert.ok(thin!.x.length <= 1200);
});

test("topography draws the vertex in the centre, the left side left, and each electrode's value at its position", () => {
  const values = ELECTRODES_19.map((electrode) => ({
    electrode,
    position: electrodePosition(electrode),
    value: electrode === "CZ" ? 5 : 1,
  }));
  const figure = topography(values, { title: "Alpha", unit: "µV²" }, caption);
  const [map, dots] = figure.data as unknown as { z: (number | null)[][]; x: number[]; y: number[] }[];
  assert.ok(Math.abs(map!.z[30]![30]! - 5) < 0.01);
  assert.equal(map!.z[0]![0], null);
  const [c3, fp1] = [ELECTRODES_19.indexOf("C3"), ELECTRODES_19.indexOf("FP1")];
  assert.ok(dots!.x[c3]! < 0 && dots!.y[fp1]! > 0);
  assert.ok(JSON.stringify(figure.layout.title).includes(captionText(caption).split(" · ")[0]!));
});

test("rocFigure marks each threshold on both curves, equal points under one name, and none that is never reached", () => {
  const found = rocAndPrCurves(Float32Array.of(0.9, 0.8, 0.4, 0.2), [1, 0, 1, 0]);
  const marks = [
    { name: "silent", threshold: Number.POSITIVE_INFINITY },
    { name: "a", threshold: 0.85 },
    { name: "b", threshold: 0.82 },
    { name: "c", threshold: 0.4 },
  ];
  const { data } = rocFigure(found, caption, marks);
  const [onRoc, onPr] = data.slice(-2) as unknown as { x: number[]; y: number[]; text: string[] }[];
  assert.deepEqual(
    [onRoc!.x, onRoc!.y],
    [
      [0, 0.5],
      [0.5, 1],
    ],
  );
  assert.deepEqual(
    [onPr!.x, onPr!.y],
    [
      [0.5, 1],
      [1, 2 / 3],
    ],
  );
  assert.deepEqual(onRoc!.text, ["a, b: threshold 0.900", "c: threshold 0.400"]);
  assert.equal(rocFigure(found, caption, marks.slice(0, 1)).data.length, 4);
});

test("aeegFigure is linear to 10 µV and logarithmic above; typeConfusionFigure colours by the share of the row", () => {
  const at = (value: number) => Float64Array.of(value);
  const trend = { timesSeconds: at(60), lower: at(5), median: at(10), upper: at(100) };
  const [lower, upper, median] = aeegFigure({ "C3-P3": trend }, [], caption).data as unknown as {
    x: number[];
    y: number[];
  }[];
  assert.deepEqual([lower!.y, median!.y, upper!.y, median!.x], [[0.5], [1], [2], [1]]);
  const confusion = {
    rows: ["fnsz", "background"],
    columns: ["missed", "seiz"],
    counts: [
      [1, 3],
      [0, 2],
    ],
  };
  const [heat] = typeConfusionFigure(confusion, caption).data as unknown as { z: number[][]; text: string[][] }[];
  assert.deepEqual(
    [heat!.z, heat!.text],
    [
      [
        [0.25, 0.75],
        [0, 1],
      ],
      [
        ["1", "3"],
        ["", "2"],
      ],
    ],
  );
});
