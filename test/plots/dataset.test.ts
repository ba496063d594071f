import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { coverageOf } from "../../src/cache/coverage.js";
import { readManifest, writeManifest } from "../../src/cache/manifest.js";
import { numpySnippet } from "../../src/cache/numpy-snippet.js";
import { openWindowReader } from "../../src/dataset/window-reader.js";
import { cacheCoverage, patientShares, seizureShares } from "../../src/plots/dataset.js";
import { spectraFigure } from "../../src/plots/spectra.js";
import { ELECTRODES_19 } from "../../src/signal/electrodes.js";
import { meanSpectrum } from "../../src/signal/mean-spectrum.js";
import { makeCache, RATE, seizure, temporaryFolder } from "../cache/made-cache.js";
import { makeManifest } from "../dataset/made-manifest.js";

type Bars = { name: string; x: (string | number)[]; y: (string | number)[] }[];

test("seizureShares counts windows with seizure by twentieths and excludes none and unknown", () => {
  const [bar] = seizureShares({ all: [0, Number.NaN, 0.01, 0.04, 0.5, 1] }).data as unknown as Bars;
  assert.deepEqual([bar!.y[0], bar!.y[10], bar!.y[19]], [2, 1, 1]);
});

test("patientShares sorts patients by windows and sums those beyond forty", () => {
  const patients = Array.from({ length: 45 }, (_, n) => ({
    patient: `p${n}`,
    selected: { partial: n, full: 1, none: 0 },
  }));
  const [partial, full] = patientShares(patients).data as unknown as Bars;
  assert.deepEqual([partial!.y.length, partial!.y[0], partial!.y.at(-1)], [41, "p44", "5 others"]);
  assert.deepEqual([partial!.x.at(-1), full!.x.at(-1)], [0 + 1 + 2 + 3 + 4, 5]);
});

test("coverageOf counts cached, unlabelled and excluded recordings by split", () => {
  const manifest = makeManifest([
    { sampleCount: 9 },
    { sampleCount: 9, labelled: false },
    { sampleCount: 9, split: "dev" },
  ]);
  const rows = coverageOf({ ...manifest, leftOut: [{ id: "eval/a/b/c/d", code: "x", reason: "y" }] });
  assert.deepEqual(rows, [
    { split: "dev", labelled: 1, unlabelled: 0, excluded: 0 },
    { split: "eval", labelled: 0, unlabelled: 0, excluded: 1 },
    { split: "train", labelled: 1, unlabelled: 1, excluded: 0 },
  ]);
  assert.equal(cacheCoverage(rows).data.length, 3);
});

test("meanSpectrum has its peak where the channels have it, and the figure relates it to 1 to 40 Hz", () => {
  const samples = Float32Array.from({ length: 2 * 2560 }, (_, i) => Math.sin((2 * Math.PI * 10 * (i % 2560)) / 256));
  const spectrum = meanSpectrum(samples, 2, 256);
  assert.equal(spectrum.frequenciesHz[spectrum.power.indexOf(Math.max(...spectrum.power))], 10);
  const [line] = spectraFigure([{ name: "tone", ...spectrum }]).data as unknown as Bars;
  assert.equal(line!.x[line!.y.indexOf(Math.max(...(line!.y as number[])))], 10);
  assert.throws(() => meanSpectrum(new Float32Array(5), 2, 256), /invalid samples: 5 values for 2 channels/);
});

const python = process.env.ICTAL_PYTHON ?? "python3";
const noNumpy = spawnSync(python, ["-c", "import numpy"]).status !== 0 && `no numpy in ${python} (set ICTAL_PYTHON)`;

test("numpySnippet are Python that gives the first window of a recording", { skip: noNumpy }, async (context) => {
  for (const sampleType of ["int16", "float32"] as const) {
    const dir = await temporaryFolder(context);
    const made = { id: "train/a/s/m/t", sampleCount: 61 * RATE, seizures: [seizure(1, 2)] };
    const { folder } = await makeCache(dir, [made], { channels: ELECTRODES_19, sampleType });
    await writeManifest(dir);
    const manifest = await readManifest(dir);
    const lines = numpySnippet(manifest, join(folder.path, manifest.recordings[0]!.file));
    assert.equal(lines.split("\n").length, 2);
    const script = `import numpy, sys\n${lines}\nprint(window.shape, window.dtype, float(window[7, 9999]))`;
    const { stdout, stderr } = spawnSync(python, ["-c", script], { encoding: "utf8" });
    const reader = await openWindowReader(dir, manifest);
    const out = new Float32Array(19 * 15360);
    reader.readIntoSync(out, 0, 0, 15360);
    await reader.close();
    const [shape, value] = [/\(19, 15360\) float32/.test(stdout), Number(stdout.trim().split(" ").at(-1))];
    assert.ok(shape && Math.abs(value - out[7 * 15360 + 9999]!) < 1e-6, stdout + stderr);
  }
});
