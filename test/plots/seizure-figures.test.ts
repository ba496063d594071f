import assert from "node:assert/strict";
import { test } from "node:test";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import { checkCorpusAnnotations } from "../../src/corpus/check-corpus-annotations.js";
import { ictalSpectra } from "../../src/corpus/ictal-spectra.js";
import { seizureSpreads } from "../../src/corpus/seizure-spread.js";
import { synthesizeCorpus } from "../../src/corpus/synthetic/synthesize.js";
import type { Figure } from "../../src/plots/figure.js";
import { mistakeGallery, mistakePanels } from "../../src/plots/review/mistake-gallery.js";
import type { ReviewRecording } from "../../src/plots/review/recording.js";
import { seizureLengths } from "../../src/plots/seizure-labels.js";
import { channelSpread, onsetMap } from "../../src/plots/seizure-onset.js";
import { patientsWithClusters, seizureGaps, seizureHours, seizureIntervals } from "../../src/plots/seizure-times.js";
import { seizureTypesByPatient, seizureTypesBySplit } from "../../src/plots/seizure-types.js";
import { ictalSpectraFigure } from "../../src/plots/spectra.js";
import { sensitivityByDuration } from "../../src/plots/type-duration.js";
import { scoreByDuration } from "../../src/scoring/type-duration.js";
import { ELECTRODES_19 } from "../../src/signal/electrodes.js";
import { folderStore } from "../../src/store/folder-store.js";
import { temporaryFolder } from "../cache/made-cache.js";

const titleOf = ({ layout }: Figure) => (layout.title as { text: string }).text;

const seizure = (startSeconds: number, endSeconds: number, label = "fnsz") => ({
  ...{ startSeconds, endSeconds, label, confidence: 1 },
});

const rowOf = (patient: string, split: string, seizures: ReturnType<typeof seizure>[], startDateTime?: string) => ({
  ...{ id: `${split}/${patient}/s/m/t${startDateTime ?? ""}`, split, patient, session: "s", montage: "m", token: "t" },
  ...{ durationSeconds: 7200, status: "labelled", seizures, startDateTime },
});

test("types by split name the type whose share differs most, and count patients; by patient say how many have half", () => {
  const rows = [
    rowOf("a", "train", [seizure(0, 9), seizure(20, 30), seizure(50, 60, "gnsz")]),
    rowOf("b", "train", [seizure(0, 9, "gnsz")]),
    rowOf("c", "dev", [seizure(0, 9, "gnsz")]),
    rowOf("d", "eval", []),
  ];
  const figure = seizureTypesBySplit(rows);
  assert.equal(titleOf(figure), "gnsz differs most between splits: 100 % of dev, 50 % of train");
  const [map] = figure.data as unknown as { x: string[]; y: string[]; text: string[][]; z: number[][] }[];
  assert.deepEqual(
    [map!.x, map!.y],
    [
      ["train<br>n = 4", "dev<br>n = 1"],
      ["gnsz", "fnsz"],
    ],
  );
  assert.deepEqual(map!.text, [
    ["2 in 2 patients", "1 in 1 patient"],
    ["2 in 1 patient", "none"],
  ]);
  const patients = seizureTypesByPatient(rows);
  assert.equal(titleOf(patients), "1 of 3 patients with seizures have half of the 5 seizures");
  assert.deepEqual((patients.data[0] as { y: string[] }).y, ["a (train)", "b (train)", "c (dev)"]);
  assert.equal(titleOf(seizureTypesBySplit([])), "No seizure in any split");
  assert.equal(titleOf(seizureTypesByPatient([rowOf("d", "eval", [])])), "No patient has a seizure");
});

const channelsOf = (...seizures: (readonly [string, number, number])[]) => ({
  channels: ["FP1-F7", "F7-T3", "T3-T5", "C3-CZ"],
  seizures: seizures.map(([channel, startSeconds, endSeconds]) => ({
    channel,
    startSeconds,
    endSeconds,
    label: "fnsz",
    confidence: 1,
  })),
});

test("the onset is in the channels that begin within a second; onsets in most channels have no place; spread has median delays", () => {
  const rows = [
    {
      id: "local",
      seizures: [seizure(10, 40)],
      perChannel: channelsOf(["F7-T3", 10, 40], ["FP1-F7", 10.5, 40], ["T3-T5", 14, 40]),
    },
    {
      id: "everywhere",
      seizures: [seizure(5, 20, "gnsz")],
      perChannel: channelsOf(["FP1-F7", 5, 20], ["F7-T3", 5, 20], ["T3-T5", 5, 20], ["C3-CZ", 5, 20]),
    },
    { id: "unknown", seizures: [seizure(5, 20)] },
  ];
  assert.deepEqual(
    seizureSpreads(rows).seizures.map(({ delays }) => [...delays.values()]),
    [
      [0, 0.5, 4],
      [0, 0, 0, 0],
    ],
  );
  const map = onsetMap(seizureSpreads(rows));
  assert.equal(titleOf(map), "1 of 2 seizures begin locally, most often at F7 (1)");
  const points = map.data[1] as unknown as { text: string[]; customdata: number[] };
  const shares = Object.fromEntries(points.text.map((name, i) => [name, points.customdata[i]]));
  assert.deepEqual(shares, { FP1: 100, F7: 100, T3: 100, T5: 0, C3: 0, CZ: 0 });
  const spread = channelSpread(seizureSpreads(rows));
  assert.equal(titleOf(spread), "fnsz reaches 75 % of the channels in the median, gnsz reaches 100 %");
  const [cells] = spread.data as unknown as { text: string[][]; z: number[][] }[];
  assert.deepEqual(cells!.text[2], ["4.0 s", "0.0 s"]);
  assert.deepEqual(cells!.z[3], [0, 1]);
  assert.match(titleOf(onsetMap(seizureSpreads([]))), /No seizure has rows of channels/);
  assert.match(titleOf(channelSpread(seizureSpreads([]))), /No seizure has rows of channels/);
});

test("intervals and clusters go across recordings where their starts are known, and stay within them where not", () => {
  const known = [
    rowOf("a", "train", [seizure(0, 60), seizure(600, 660)], "2020-01-01T08:00:00"),
    rowOf("a", "train", [seizure(0, 60)], "2020-01-01T20:00:00"),
  ];
  assert.deepEqual(seizureGaps(known), [540, 12 * 3600 - 660]);
  assert.deepEqual(patientsWithClusters(known), ["a"]);
  const apart = known.map((row, i) => ({ ...row, id: `t${i}`, startDateTime: undefined }));
  assert.deepEqual([seizureGaps(apart), patientsWithClusters(apart)], [[540], []]);
  const midnight = known.map((row, i) => ({ ...row, id: `t${i}`, startDateTime: "2020-01-01T00:00:00" })); // withheld
  assert.deepEqual(seizureGaps(midnight), [540]);
  const title = "1 of 3 seizures follow within an hour; 1 of 1 patients with 3 or more in 24 h";
  assert.equal(titleOf(seizureIntervals(known)), title);
  assert.deepEqual((seizureIntervals(known).data[0] as { y: number[] }).y, [0, 0, 1, 0, 0, 1, 0]);
  assert.equal(titleOf(seizureIntervals([])), "No seizure follows another");
});

test("seizures an hour are counted against what was recorded in that hour; unknown recordings and short rests have no rate", () => {
  const unknown = { ...rowOf("b", "train", [], "2020-01-01T08:00:00"), status: "unknown" };
  const short = { ...rowOf("c", "train", [seizure(10, 20)]), durationSeconds: 60 };
  const figure = seizureHours([rowOf("a", "train", [seizure(0, 60)], "2020-01-01T23:30:00"), unknown, short]);
  const [clock, own] = figure.data as unknown as { x: number[]; y: (number | null)[] }[];
  assert.deepEqual(
    [clock!.x, clock!.y],
    [
      [0, 1, 23],
      [0, 0, 2],
    ],
  );
  assert.deepEqual(
    [own!.x, own!.y],
    [
      [1, 2],
      [1.97, 0],
    ],
  );
  assert.equal(titleOf(figure), "Most seizures an hour recorded: 2.0 between 23 and 24 o'clock");
  assert.equal(seizureHours([rowOf("a", "train", [seizure(0, 60)])]).data.length, 1);
  assert.match(titleOf(seizureHours([short])), /too little recorded/);
});

test("the title of the lengths is the share under ten seconds", () => {
  const rows = [rowOf("a", "train", [seizure(0, 9), seizure(20, 60), seizure(100, 110)])];
  assert.equal(titleOf(seizureLengths(rows)), "1 of 3 seizures (33.3 %) last under 10 s");
  assert.equal(titleOf(seizureLengths([])), "0 of 0 seizures last under 10 s");
});

test("sensitivity by duration has Wilson intervals in the groups of the breakdown", () => {
  const typed = [seizure(0, 5), seizure(100, 140), seizure(300, 345)];
  const pair = {
    ...{ id: "a", patient: "a", durationSeconds: 600, reference: typed, typed },
    hypothesis: [{ startSeconds: 100, endSeconds: 130 }],
  };
  const figure = sensitivityByDuration(scoreByDuration([pair]));
  assert.equal(titleOf(figure), "Detected: 0 of 1 under 40 s, 1 of 2 of at least that");
  const [line] = figure.data as unknown as { y: (number | null)[]; text: string[]; error_y: { array: number[] } }[];
  assert.deepEqual(line!.y, [0, null, 0.5, null, null, null]);
  assert.equal(line!.text[2], "1 of 2");
  assert.ok(Math.abs(line!.error_y.array[2]! - (0.9055 - 0.5)) < 1e-3);
  assert.equal(titleOf(sensitivityByDuration(scoreByDuration([]))), "No seizure to detect");
});

test("spectra of seizures and between them are read from the corpus; the figure names the gain", async (context) => {
  const dir = await temporaryFolder(context);
  await synthesizeCorpus(dir, { seed: 42, recordings: 12, maxDurationSeconds: 120 });
  const store = folderStore(dir);
  const catalogue = await readCatalogue(store);
  const rows = await checkCorpusAnnotations(store, catalogue);
  assert.ok(rows.some(({ perChannel }) => perChannel && perChannel.seizures.length > 0));
  const spectra = await ictalSpectra(store, catalogue, rows, { secondsPerSeizure: 10, marginSeconds: 10 });
  assert.ok(spectra.seizures > 0 && spectra.recordings <= spectra.seizures);
  assert.equal(spectra.frequenciesHz.length, 79);
  assert.ok(spectra.ictal.lower.every((value, i) => value <= spectra.ictal.upper[i]!));
  const at3 = spectra.frequenciesHz.indexOf(3);
  assert.ok(spectra.difference.median[at3]! > 0, `${spectra.difference.median[at3]}`);
  assert.match(
    titleOf(ictalSpectraFigure(spectra)),
    /^Seizures gain most at [\d.]+ Hz: \+[\d.]+ dB in the median of \d+$/,
  );
  const none = await ictalSpectra(store, catalogue, [], {});
  assert.equal(titleOf(ictalSpectraFigure(none)), "No seizure whose spectrum could be compared");
  await assert.rejects(ictalSpectra(store, catalogue, rows, { secondsPerSeizure: 1 }), /secondsPerSeizure/);
});

test("the gallery shows the longest mistakes with what they are, in microvolts", () => {
  const sampleRateHz = 100;
  const sampleCount = 60 * sampleRateHz;
  const recording: ReviewRecording = {
    id: "dev/p/s/m/t0",
    isLabelled: true,
    reference: [{ ...seizure(30, 40), label: "fnsz" }],
    signals: {
      channels: ELECTRODES_19.map((name) => ({ name, kind: "electrode" as const })),
      ...{ sampleRateHz, recordedRateHz: sampleRateHz, sampleCount, durationSeconds: 60, stepMicrovolts: 1 },
      samples: Int16Array.from({ length: ELECTRODES_19.length * sampleCount }, (_, i) => (i % 50) - 25),
      ...{ gaps: [], excluded: [] },
    },
    detector: {
      probability: new Float32Array(60).fill(0.25),
      ...{ rateHz: 1, onThreshold: 0.7, offThreshold: 0.5, hypothesis: [] },
      misses: [{ startSeconds: 30, endSeconds: 40 }],
      falseAlarms: [
        { startSeconds: 1, endSeconds: 3 },
        { startSeconds: 55, endSeconds: 60 },
      ],
    },
  };
  const panels = mistakePanels(recording);
  assert.deepEqual(
    panels.map(({ title, startSeconds }) => [title, startSeconds]),
    [
      ["t0, 30 s: missed fnsz, 10 s, p up to 0.25", 27],
      ["t0, 1 s: false alarm, 2 s, p up to 0.25", 0],
      ["t0, 55 s: false alarm, 5 s, p up to 0.25", 48],
    ],
  );
  assert.equal(panels[0]!.samples.length, 18 * 12 * sampleRateHz);
  const alarms = mistakeGallery(panels, "false alarm", { count: 1 });
  assert.equal(titleOf(alarms), "2 false alarms, the longest 5 s, 1 shown");
  assert.equal(titleOf(mistakeGallery(panels, "miss")), "1 missed seizure, the longest 10 s");
  assert.equal(titleOf(mistakeGallery([], "miss")), "There are no missed seizures");
  const { detector: _, ...without } = recording;
  assert.deepEqual(mistakePanels(without), []);
});
