import assert from "node:assert/strict";
import { cp, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { sha256 } from "@ictal/base/canonical";
import { readCatalogue } from "../../src/corpus/catalogue.js";
import { checkCorpus } from "../../src/corpus/check.js";
import { checkCorpusAnnotations } from "../../src/corpus/check-corpus-annotations.js";
import {
  BACKGROUND_RECORDINGS,
  SYNTHETIC_RECORDINGS,
  selectRecordings,
} from "../../src/corpus/synthetic/recording-table.js";
import { renderRecording } from "../../src/corpus/synthetic/render.js";
import { SEIZURE_PROFILES } from "../../src/corpus/synthetic/seizure-profiles.js";
import { synthesizeCorpus } from "../../src/corpus/synthetic/synthesize.js";
import { fileSource } from "../../src/recording/byte-source.js";
import { readEdfHeader } from "../../src/recording/edf-header.js";
import { auroc } from "../../src/scoring/curves.js";
import { folderStore } from "../../src/store/folder-store.js";

const base = await mkdtemp(join(tmpdir(), "ictal-synthetic-"));
after(() => rm(base, { recursive: true }));
const small = join(base, "small");
const options = { recordings: 6, maxDurationSeconds: 40 };
const made = await synthesizeCorpus(small, options);

async function copyOf(name: string): Promise<string> {
  const dir = join(base, name);
  await cp(small, dir, { recursive: true });
  return dir;
}

const firstEdf = async (dir: string) => join(dir, (await readCatalogue(folderStore(dir))).recordings[0]!.edfKey);

test("the table of recordings has the documented composition", () => {
  const patients = (split: string) =>
    new Set(SYNTHETIC_RECORDINGS.filter((row) => row.split === split).map(({ patient }) => patient));
  assert.ok(SYNTHETIC_RECORDINGS.length >= 24);
  assert.deepEqual([patients("train").size, patients("dev").size, patients("eval").size], [8, 4, 3]);
  assert.equal(new Set(SYNTHETIC_RECORDINGS.map(({ patient }) => patient)).size, 15);
  assert.equal(new Set(SYNTHETIC_RECORDINGS.map(({ id }) => id)).size, SYNTHETIC_RECORDINGS.length);
  assert.deepEqual([...new Set(SYNTHETIC_RECORDINGS.map(({ sampleRateHz }) => sampleRateHz))].sort(), [250, 256, 400]);
  const types = (split?: string) =>
    new Set(
      SYNTHETIC_RECORDINGS.filter((row) => split === undefined || row.split === split).flatMap(
        ({ seizures }) => seizures,
      ),
    );
  assert.deepEqual([...types("train")].sort(), Object.keys(SEIZURE_PROFILES).sort());
  for (const type of types()) assert.ok(types("train").has(type), `${type} in train`);
  const known = ["no-midline", "offset", "colon-date", "no-annotations", "distractor", "background-rows"];
  for (const word of known)
    assert.ok(
      SYNTHETIC_RECORDINGS.some(({ traits }) => traits.some((each) => each === word)),
      word,
    );
  for (const word of SYNTHETIC_RECORDINGS.flatMap(({ traits }) => traits)) assert.ok(known.includes(word), word);
  assert.equal(SYNTHETIC_RECORDINGS.filter(({ durationSeconds }) => durationSeconds < 60).length, 1);
});

test("synthesizeCorpus(dir) gives the same bytes for the same seed, and others for another", async () => {
  const digest = async (dir: string) => {
    const { recordings } = await readCatalogue(folderStore(dir));
    const keys = recordings.flatMap(({ edfKey, csvKey, csvBiKey }) => [edfKey, csvKey!, csvBiKey!]);
    const hashes = await Promise.all(keys.map(async (key) => `${key} ${sha256(await readFile(join(dir, key)))}`));
    return sha256(hashes.join("\n"));
  };
  const found = await digest(small);
  assert.equal(
    found,
    "b62c3a28f74308079ed3e66b1c077865cc832c68a75146a17f205afbe6486b56",
    "the bytes changed: raise GENERATOR_VERSION and write the new hash here",
  );
  const other = join(base, "other");
  await synthesizeCorpus(other, { ...options, seed: 43 });
  assert.notEqual(await digest(other), found);
});

test("synthesizeCorpus(dir) reports what the catalogue and the labels say", async () => {
  const report = await checkCorpus(folderStore(small));
  assert.equal(report.release, "Ictal synthetic corpus, seed 42");
  assert.deepEqual([made.recordings, made.seizures, made.reused], [6, report.seizures, 0]);
  assert.equal(report.recordings, 6);
  assert.deepEqual(made.patients, { dev: 1, eval: 1, train: 1 });
  assert.deepEqual(
    report.findings.filter(({ severity }) => severity !== "info"),
    [],
  );
  assert.ok(Math.abs(made.hours - report.hours) < 1e-6);
});

test("synthesizeCorpus(dir) does not change an intact corpus", async () => {
  const path = await firstEdf(small);
  const before = await stat(path);
  const again = await synthesizeCorpus(small, options);
  assert.deepEqual({ ...again, reused: 0 }, made);
  assert.equal(again.reused, 6);
  assert.equal((await stat(path)).mtimeMs, before.mtimeMs);
});

test("synthesizeCorpus(dir) writes truncated, corrupted and missing files again and nothing else", async () => {
  const dir = await copyOf("damaged");
  const { recordings } = await readCatalogue(folderStore(dir));
  const at = (index: number) => join(dir, recordings[index]!.edfKey);
  await truncate(at(0), 3000);
  const bytes = await readFile(at(1));
  bytes[5000]! ^= 1;
  await writeFile(at(1), bytes);
  await rm(join(dir, recordings[2]!.csvBiKey!));
  assert.equal((await synthesizeCorpus(dir, options)).reused, 3);
  for (const { edfKey } of recordings) {
    assert.deepEqual(await readFile(join(dir, edfKey)), await readFile(join(small, edfKey)));
  }
});

test("synthesizeCorpus(dir) ignores a damaged marker and writes the corpus again", async () => {
  const dir = await copyOf("marker");
  const file = join(dir, "synthetic.json");
  const marker = JSON.parse(await readFile(file, "utf8"));
  for (const damage of [{ files: [null] }, { files: [{ path: 1 }] }, { seizures: { a: "2" } }, { seed: null }]) {
    await writeFile(file, JSON.stringify({ ...marker, ...damage }));
    await synthesizeCorpus(dir, options);
    assert.deepEqual(JSON.parse(await readFile(file, "utf8")), marker);
  }
});

test("synthesizeCorpus(dir) completes an incomplete corpus and removes stale temporary files", async () => {
  const dir = await copyOf("half");
  await rm(join(dir, "synthetic.json"));
  const leftover = `${await firstEdf(dir)}.tmp-999999999-1`;
  await writeFile(leftover, "half a recording");
  assert.equal((await synthesizeCorpus(dir, options)).reused, 0);
  await assert.rejects(stat(leftover), { code: "ENOENT" });
});

test("synthesizeCorpus(dir) with fewer recordings removes those it no longer wants", async () => {
  const dir = await copyOf("fewer");
  await synthesizeCorpus(dir, { ...options, recordings: 3 });
  assert.equal((await readCatalogue(folderStore(dir))).recordings.length, 3);
});

test("selectRecordings({ background }) adds half hours without seizures to patients of train and leaves the rest", () => {
  const all = { recordings: SYNTHETIC_RECORDINGS.length, maxDurationSeconds: 600, background: 0 };
  const ids = new Set(SYNTHETIC_RECORDINGS.map(({ id }) => id));
  const added = selectRecordings({ ...all, background: 4 }).filter(({ id }) => !ids.has(id));
  assert.deepEqual(
    selectRecordings({ ...all, background: 4 }).filter(({ id }) => ids.has(id)),
    selectRecordings(all),
  );
  assert.deepEqual(added, BACKGROUND_RECORDINGS);
  const patients = new Set(SYNTHETIC_RECORDINGS.filter(({ split }) => split === "train").map(({ patient }) => patient));
  for (const { split, patient, durationSeconds, seizures } of added) {
    assert.deepEqual([split, durationSeconds, seizures.length], ["train", 1800, 0]);
    assert.ok(patients.has(patient));
  }
});

test("synthesizeCorpus(dir, { background }) writes them, removes them again, and refuses a wrong count", async () => {
  const dir = await copyOf("background");
  const more = await synthesizeCorpus(dir, { ...options, background: 1 });
  assert.deepEqual([more.recordings, more.seizures], [7, made.seizures]);
  assert.ok(Math.abs(more.hours - made.hours - 0.5) < 1e-9);
  assert.equal((await synthesizeCorpus(dir, options)).recordings, 6);
  assert.equal((await readCatalogue(folderStore(dir))).recordings.length, 6);
  await assert.rejects(synthesizeCorpus(dir, { background: 5 }), {
    name: "RangeError",
    message: "invalid background: 5; a whole number of at most 4",
  });
});

test("synthesizeCorpus(dir) writes nothing into a folder that holds anything else", async () => {
  const dir = await mkdtemp(join(base, "foreign-"));
  await writeFile(join(dir, "design.md"), "not ours");
  await assert.rejects(synthesizeCorpus(dir, options), {
    name: "ConfigError",
    message: /holds files that are not part of a synthetic corpus: design.md/,
  });
  assert.deepEqual(await readdir(dir), ["design.md"]);
  const real = await copyOf("real");
  await cp(await firstEdf(real), join(real, "edf/train/recording.edf"));
  await assert.rejects(synthesizeCorpus(real, { ...options, seed: 7 }), /edf\/train\/recording.edf/);
});

test("synthesizeCorpus(dir, { signal }) stops between recordings and continues later", async () => {
  const dir = join(base, "stopped");
  const controller = new AbortController();
  let count = 0;
  const progress = { update: () => void (++count === 3 && controller.abort()), finish() {} };
  await assert.rejects(synthesizeCorpus(dir, { ...options, progress, signal: controller.signal }), {
    name: "AbortError",
  });
  await assert.rejects(stat(join(dir, "synthetic.json")), { code: "ENOENT" });
  assert.equal((await synthesizeCorpus(dir, options)).recordings, 6);
});

test("synthetic files have the headers of TUSZ: reserved EDF, 1 s records, 1 Hz trends, one colon date", async () => {
  const path = await firstEdf(small);
  const source = await fileSource(path);
  try {
    const header = await readEdfHeader(source);
    assert.deepEqual([header.kind, header.recordDurationSeconds, header.recordsFound], ["EDF", 1, 40]);
    assert.deepEqual(
      header.signals.filter(({ sampleRateHz }) => sampleRateHz === 1).map(({ label }) => label),
      ["IBI", "BURSTS", "SUPPR"],
    );
    const text = (await readFile(path)).subarray(0, 256).toString("latin1");
    assert.equal(text.slice(192, 236).trim(), "EDF");
    assert.equal(text.slice(244, 252), "1.000000");
  } finally {
    await source.close?.();
  }
});

test("csv and csv_bi of the synthetic corpus agree, and types are those of the table", async () => {
  const store = folderStore(small);
  const rows = await checkCorpusAnnotations(store, await readCatalogue(store));
  for (const { id, types, seizures, durationSeconds } of rows) {
    const planned = SYNTHETIC_RECORDINGS.find((recording) => recording.id === id)!;
    assert.deepEqual(types, [...new Set(planned.seizures)].sort());
    assert.equal(seizures.length, planned.seizures.length);
    for (const { endSeconds } of seizures) assert.ok(endSeconds < durationSeconds);
  }
});

/** Per second of a recording: how long the line is, and how well it repeats itself between 0.1 and 0.7 s; 6 electrodes. */
function features(id: string): { length: number[]; rhythm: number[]; truth: number[] } {
  const recording = SYNTHETIC_RECORDINGS.find((row) => row.id === id)!;
  const { signals, seizures } = renderRecording(recording, 42);
  const found = { length: [] as number[], rhythm: [] as number[], truth: [] as number[] };
  const step = Math.round(recording.sampleRateHz / 64);
  const rate = recording.sampleRateHz / step;
  const chosen = signals.filter(({ label }) => /^EEG (F3|F4|T3|T4|C3|C4)-/.test(label));
  const scale = chosen.map(({ samples }) => deviation(samples));
  for (let second = 1; second < recording.durationSeconds - 3; second++) {
    let length = 0;
    let rhythm = 0;
    chosen.forEach(({ samples }, channel) => {
      const now = samples.subarray(second * recording.sampleRateHz, (second + 1) * recording.sampleRateHz);
      for (let i = 1; i < now.length; i++) length += Math.abs(now[i]! - now[i - 1]!) / scale[channel]!;
      const start = (second - 1) * recording.sampleRateHz;
      const wide = Float64Array.from({ length: 4 * rate }, (_, i) =>
        mean(samples.subarray(start + i * step, start + (i + 1) * step)),
      );
      rhythm += repetition(wide, rate) / scale[channel]!;
    });
    found.length.push(length);
    found.rhythm.push(rhythm);
    found.truth.push(seizures.some((s) => second + 0.5 >= s.startSeconds && second + 0.5 < s.endSeconds) ? 1 : 0);
  }
  return found;
}

function mean(values: Float32Array | Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

function deviation(values: Float32Array): number {
  const centre = mean(values);
  let sum = 0;
  for (const value of values) sum += (value - centre) ** 2;
  return Math.sqrt(sum / values.length);
}

/** Squared autocorrelation at its first peak after the first dip, times the amplitude. */
function repetition(values: Float64Array, rate: number): number {
  const centre = mean(values);
  const x = values.map((value) => value - centre);
  const power = x.reduce((sum, value) => sum + value * value, 0);
  let best = 0;
  let dipped = false;
  for (let lag = Math.round(0.08 * rate); lag < 0.7 * rate; lag++) {
    let sum = 0;
    for (let i = lag; i < x.length; i++) sum += x[i]! * x[i - lag]!;
    const correlation = ((sum / power) * x.length) / (x.length - lag);
    dipped ||= correlation < 0.1;
    if (dipped) best = Math.max(best, correlation);
  }
  return best * best * Math.sqrt(power);
}

test("seizures are found by rhythm and not by line length alone", () => {
  const ids = SYNTHETIC_RECORDINGS.filter(({ split, sampleRateHz }) => split !== "train" && sampleRateHz < 400).map(
    ({ id }) => id,
  );
  const all = ids.map(features);
  const truth = all.flatMap((each) => each.truth);
  const score = (name: "length" | "rhythm") => auroc(Float32Array.from(all.flatMap((each) => each[name])), truth);
  const length = score("length");
  const rhythm = score("rhythm");
  assert.ok(length > 0.55 && length < 0.9, `line length ${length}`);
  assert.ok(rhythm > 0.9 && rhythm > length + 0.1, `rhythm ${rhythm}`);
});
