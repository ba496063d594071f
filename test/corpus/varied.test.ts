/** The varied synthetic corpus: as different as real patients, harder with difficulty, the same bytes for the same seed. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { sha256 } from "@ictal/base/canonical";
import { createRandom } from "../../src/base/random.js";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import { checkCorpus } from "../../src/corpus/check.js";
import { createDraws } from "../../src/corpus/synthetic/draws.js";
import {
  amplitudeAt,
  type DynamotypeSeizure,
  drawDynamotype,
  frequencyAt,
  OFFSET_CLASSES,
  ONSET_CLASSES,
} from "../../src/corpus/synthetic/dynamotypes.js";
import { createScalp, ELECTRODES, rowOf, SCALP } from "../../src/corpus/synthetic/head.js";
import { LOOK_ALIKES } from "../../src/corpus/synthetic/look-alikes.js";
import { meanSnrDb, REALISM_PARTS, type Realism, realismOf } from "../../src/corpus/synthetic/realism.js";
import { type RenderedVaried, renderVaried } from "../../src/corpus/synthetic/render-varied.js";
import { bandPower, seizureGain } from "../../src/corpus/synthetic/snr.js";
import { drawStages } from "../../src/corpus/synthetic/stages.js";
import { synthesizeCorpus } from "../../src/corpus/synthetic/synthesize.js";
import { drawVariedPatient } from "../../src/corpus/synthetic/varied-patient.js";
import { type VariedRecording, variedRecordings } from "../../src/corpus/synthetic/varied-table.js";
import { auroc } from "../../src/scoring/curves.js";
import { folderStore } from "../../src/store/folder-store.js";
import { bandPowersOf, fitLogistic, overChannels } from "../bench/band-power.js";
import { measuresOf, quartilesOf } from "./eeg-measures.js";

const base = await mkdtemp(join(tmpdir(), "ictal-varied-"));
after(() => rm(base, { recursive: true }));
const hard: Realism = { difficulty: 0.5, parts: REALISM_PARTS };

const small = join(base, "small");
const options = { difficulty: 0.5, patients: 6, maxDurationSeconds: 40, seed: 7 };
const made = await synthesizeCorpus(small, options);

test("synthesizeCorpus(dir, { difficulty }) gives the same bytes for the same seed, rater and truth included", async () => {
  const { recordings } = await readCatalogue(folderStore(small));
  const paths = recordings.flatMap(({ edfKey, csvKey, csvBiKey }) => [
    ...[edfKey, csvKey!, csvBiKey!],
    ...[`derivatives/rater-2/${csvBiKey}`, `derivatives/truth/${csvBiKey}`],
  ]);
  const hashes = await Promise.all(paths.map(async (path) => sha256(await readFile(join(small, path)))));
  assert.equal(
    sha256(hashes.join("\n")),
    "1a3e3e420d6e6f340d3ff2561578bad7315789728a8719613c20d80d36eb6123",
    "the bytes changed: raise VARIED_VERSION and write the new hash here",
  );
  assert.equal((await synthesizeCorpus(small, options)).reused, 12);
});

test("a varied corpus passes the check, its marker lists every seizure, and other difficulties share its recordings", async () => {
  const report = await checkCorpus(folderStore(small));
  assert.deepEqual([report.release, report.findings], ["Ictal synthetic corpus, seed 7, difficulty 0.5", []]);
  assert.equal(made.seizures, report.seizures);
  const { facts, realism } = JSON.parse(await readFile(join(small, "synthetic.json"), "utf8"));
  assert.deepEqual(realism, { difficulty: 0.5, parts: [...REALISM_PARTS] });
  const first = Object.values(facts as Record<string, object[]>).flat()[0]!;
  const fields = ["startSeconds", "endSeconds", "type", "hiddenSeconds", "onset", "offset", "snrDb"];
  assert.deepEqual(Object.keys(first).sort(), fields.sort());
  const ids = variedRecordings(7, 6).map(({ id }) => id);
  assert.deepEqual(ids, Object.keys(facts));
});

test("synthesizeCorpus(dir) refuses options that do not go together and parts that there are not", async () => {
  const refused = (given: object, message: RegExp) =>
    assert.rejects(synthesizeCorpus(join(base, "none"), given), { message });
  await refused({ difficulty: 1.2 }, /invalid difficulty: 1.2; a number from 0 to 1/);
  await refused({ difficulty: Number.NaN }, /invalid difficulty: NaN/);
  await refused({ realism: ["sleeep"] }, /"sleeep" is no part; .*did you mean sleep\?/);
  await refused({ difficulty: 0.5, background: 1 }, /a varied corpus has recordings without seizures already/);
  await refused({ patients: 10 }, /the plain corpus has its own 15/);
  await refused({ difficulty: 0.5, patients: 5 }, /a whole number from 6 to 2000/);
  assert.equal(realismOf(), undefined);
  assert.deepEqual(realismOf(undefined, ["sleep"]), { difficulty: 0.5, parts: ["sleep"] });
});

/** Samples of the scalp electrodes, microvolts. */
function scalpOf({ signals }: RenderedVaried): Float32Array[] {
  return SCALP.map((name) => signals.find(({ label }) => label.startsWith(`EEG ${name}-`))!.samples);
}

/** A recording of one patient. */
function recordingOf(index: number, durationSeconds: number, seizures: VariedRecording["seizures"]): VariedRecording {
  const [row] = variedRecordings(1, 200).filter(({ patient }) => patient.endsWith(letters(index)));
  return { ...row!, durationSeconds, seizures };
}

const letters = (index: number) => String.fromCharCode(97 + Math.floor(index / 26), 97 + (index % 26));

test("patients differ in slope, amplitude and correlation as real ones do", (context) => {
  // the audit's table, 30 s pieces of background: newborns -2.24 [-2.52, -1.79], 16.4 [11.6, 20.0] uV, 0.47 [0.38, 0.51];
  // adults -1.42 [-1.64, -1.09], 39 [33, 44] uV; the plain corpus has quartiles 0.15, 3 uV and 0.05 apart
  const background = REALISM_PARTS.filter((part) => part !== "look-alikes"); // which would be no background
  const measures = Array.from({ length: 48 }, (_, i) => {
    const recording = recordingOf(i, 30, []);
    return measuresOf(scalpOf(renderVaried(recording, { ...hard, parts: background }, 1)), recording.sampleRateHz);
  });
  const check = (name: keyof (typeof measures)[number], [low, high]: [number, number], least: number) => {
    const [first, median, third] = quartilesOf(measures.map((each) => each[name]));
    context.diagnostic(`${name}: ${median.toFixed(2)} [${first.toFixed(2)}, ${third.toFixed(2)}]`);
    assert.ok(first >= low && third <= high, `${name}: ${first} to ${third}`);
    assert.ok(third - first >= least, `${name}: quartiles ${third - first} apart`);
  };
  check("slope", [-2.52, -1.09], 0.5);
  check("rmsMicrovolts", [11.6, 44], 8);
  check("correlation", [0.36, 0.51], 0.06);
});

test("without the part patients they are as alike as those of the plain corpus", () => {
  const traits = Array.from({ length: 8 }, (_, i) => drawVariedPatient(createRandom(i, "patient"), "T3", false));
  assert.deepEqual([...new Set(traits.map(({ slope }) => slope))], [1.4]);
});

test("drawStages covers a recording without gaps, and a night of them holds all five stages", () => {
  const nights = Array.from({ length: 20 }, (_, i) => drawStages(createRandom(i, "night"), 900));
  for (const stages of nights) {
    assert.deepEqual([stages[0]!.startSeconds, stages.at(-1)!.endSeconds], [0, 900]);
    for (const [i, { startSeconds }] of stages.slice(1).entries()) assert.equal(startSeconds, stages[i]!.endSeconds);
  }
  assert.equal(new Set(nights.flat().map(({ stage }) => stage)).size, 5);
});

test("every look-alike adds something to some electrode, and nothing that is not a number", () => {
  const patient = drawVariedPatient(createRandom(3, "patient"), "T3", true);
  for (const { name, render, seconds } of LOOK_ALIKES) {
    const scalp = createScalp(250, seconds[0]);
    render(scalp, patient, createRandom(4, name));
    const largest = scalp.samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    assert.ok(largest > 0.1 && Number.isFinite(largest), `${name}: ${largest}`);
  }
});

test("dynamotypes follow the scaling laws of their bifurcations", () => {
  const plain = drawDynamotype(
    "fnsz",
    { focus: { x: 0, y: 0 }, hiddenShare: 0, longestSeconds: 40 },
    createDraws(createRandom(1)),
  );
  const of = (onset: DynamotypeSeizure["onset"], offset: DynamotypeSeizure["offset"]) => ({
    ...plain,
    ...{ onset, offset, lengthSeconds: 40, fromHz: 6, toHz: 6 },
  });
  const ratio = (value: number, other: number, expected: number) =>
    assert.ok(Math.abs(value / other - expected) < 0.02, `${value / other}`);
  // square roots: four times the time from the bifurcation, twice the amplitude (Hopf) or frequency (SNIC)
  ratio(amplitudeAt(of("SupH", "FLC"), 8), amplitudeAt(of("SupH", "FLC"), 2), 2);
  ratio(amplitudeAt(of("SubH", "SupH"), 32), amplitudeAt(of("SubH", "SupH"), 38), 2);
  ratio(frequencyAt(of("SNIC", "FLC"), 8), frequencyAt(of("SNIC", "FLC"), 2), 2);
  ratio(frequencyAt(of("SN", "SNIC"), 32), frequencyAt(of("SN", "SNIC"), 38), 2);
  // the logarithm of the time left: 1 / f grows by equal steps for equal factors
  const period = (left: number) => 1 / frequencyAt(of("SN", "SH"), 40 - left);
  ratio(period(1) - period(2), period(2) - period(4), 1);
  // the others are abrupt, at constant frequency
  for (const at of [0.3, 20, 39.5]) {
    assert.deepEqual([amplitudeAt(of("SubH", "FLC"), at), frequencyAt(of("SubH", "FLC"), at)], [1, 6]);
  }
  assert.equal(ONSET_CLASSES.length * OFFSET_CLASSES.length, 16);
  const hidden = { ...of("SubH", "FLC"), hiddenShare: 0.5 };
  assert.ok(amplitudeAt(hidden, 2) < 0.12 && amplitudeAt(hidden, 20) === 1);
});

test("seizureGain gives the stated ratio in the channel where the seizure is strongest, and ignores flat channels", () => {
  const rate = 200;
  const wave = (hertz: number, microvolts: number) =>
    Float32Array.from(
      { length: 20 * rate },
      (_, i) => microvolts * Math.SQRT2 * Math.sin((2 * Math.PI * hertz * i) / rate),
    );
  const seizure = [wave(4, 1), wave(4, 3), wave(4, 9)];
  const offset = wave(10, 20).map((value) => value + 3000); // a constant and 90 Hz are outside the band
  const background = [wave(10, 50), offset.map((value, i) => value + wave(90, 200)[i]!), new Float32Array(20 * rate)];
  const { channel, gain, backgroundPower } = seizureGain(seizure, background, rate, 6)!;
  assert.equal(channel, 1);
  assert.ok(Math.abs(Math.sqrt(backgroundPower) - 20) < 0.6, String(backgroundPower));
  const scaled = seizure[1]!.map((value) => gain * value);
  assert.ok(Math.abs(10 * Math.log10(bandPower(scaled, rate) / backgroundPower) - 6) < 1e-3);
  assert.equal(
    seizureGain(
      seizure,
      seizure.map(() => new Float32Array(20 * rate)),
      rate,
      6,
    ),
    undefined,
  );
});

test("seizures touch the first and last sample, and raters differ by seconds there where they may", () => {
  const rows = Array.from({ length: 30 }, (_, i) => recordingOf(i, 60, ["fnsz", "absz"]));
  const rendered = rows.slice(0, 10).map((row) => renderVaried({ ...row, sampleRateHz: 100 }, hard, 3));
  const seizures = rendered.flatMap((each) => each.seizures);
  assert.ok(seizures.some(({ startSeconds }) => startSeconds === 0));
  assert.ok(seizures.some(({ endSeconds }) => endSeconds === 60));
  for (const { seizures: truth, raters } of rendered) {
    for (const marks of raters) {
      for (const [i, { index, startSeconds, endSeconds }] of marks.entries()) {
        assert.ok(startSeconds >= 0 && endSeconds <= 60 && endSeconds - startSeconds >= 1);
        if (i > 0) assert.ok(startSeconds >= marks[i - 1]!.endSeconds);
        if (truth[index]!.startSeconds === 0) assert.equal(startSeconds, 0);
      }
    }
  }
  const kappa = kappaOf(rendered.map(({ raters }) => raters));
  assert.ok(kappa > 0.6 && kappa < 0.95, `kappa ${kappa}`);
});

/** Cohen's kappa of two raters, per second. */
function kappaOf(pairs: readonly RenderedVaried["raters"][]): number {
  const counts = [0, 0, 0, 0];
  for (const raters of pairs) {
    for (let second = 0; second < 60; second++) {
      const [a, b] = raters.map((marks) => marks.some((m) => m.startSeconds <= second && m.endSeconds > second));
      counts[(a ? 2 : 0) + (b ? 1 : 0)]! += 1 / (60 * pairs.length);
    }
  }
  const [none, second, first, both] = counts as [number, number, number, number];
  const chance = (first + both) * (second + both) + (none + second) * (none + first);
  return (none + both - chance) / (1 - chance);
}

/** AUROC of band power with logistic regression on windows of patients that it has not seen. */
function bandPowerAuroc(difficulty: number): number {
  const windows = Array.from({ length: 30 }, (_, patient) => {
    const recording = { ...recordingOf(patient, 80, []), sampleRateHz: 100 };
    const types = variedRecordings(1, 200).find((row) => row.patient === recording.patient)!.seizures;
    const { signals, raters } = renderVaried({ ...recording, seizures: types.slice(0, 2) }, { ...hard, difficulty }, 5);
    const channels = SCALP.map((name) => signals.find(({ label }) => label.startsWith(`EEG ${name}-`))!.samples);
    return Array.from({ length: 18 }, (_, i) => {
      const [start, end] = [4 * i, 4 * i + 8];
      const samples = new Float32Array(SCALP.length * 800);
      for (const [c, own] of channels.entries()) samples.set(own.subarray(100 * start, 100 * end), 800 * c);
      const ictal = raters[0].reduce(
        (sum, m) => sum + Math.max(0, Math.min(end, m.endSeconds) - Math.max(start, m.startSeconds)),
        0,
      );
      return { row: overChannels(bandPowersOf(samples, SCALP.length, 100)), truth: ictal >= 4 ? 1 : 0 };
    });
  });
  const train = windows.slice(0, 16).flat();
  const score = fitLogistic(
    train.map(({ row }) => row),
    train.map(({ truth }) => truth),
  );
  const dev = windows.slice(16).flat();
  return auroc(
    Float32Array.from(dev, ({ row }) => score(row)),
    dev.map(({ truth }) => truth),
  );
}

test("band power with logistic regression stays below an AUROC of 0.75 at the default difficulty, and falls with it", (context) => {
  const areas = [0, 0.5].map(bandPowerAuroc);
  context.diagnostic(`AUROC at 0 and 0.5: ${areas.map((area) => area.toFixed(3)).join(", ")}`);
  const [easy, middle] = areas as [number, number];
  assert.ok(middle < 0.75 && easy > middle + 0.02, areas.join(", "));
  assert.ok(meanSnrDb({ ...hard, difficulty: 1 }) < meanSnrDb(hard));
});

test("renderVaried is a pure function of seed, row and realism, and holds the electrodes of its montage", () => {
  const row = { ...recordingOf(2, 20, ["gnsz"]), sampleRateHz: 100 };
  const [a, b] = [renderVaried(row, hard, 9), renderVaried(row, hard, 9)];
  assert.deepEqual(a.signals[0]!.samples, b.signals[0]!.samples);
  assert.equal(ELECTRODES.length, 22);
  assert.ok(rowOf(createScalp(10, 1), "CZ").every((value) => value === 0));
});
