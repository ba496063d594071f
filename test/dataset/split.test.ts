import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { Manifest } from "../../src/cache/manifest.js";
import { assignSplits, checkSplitChoice, foldsOf, splitByPatient } from "../../src/dataset/split.js";
import type { SplitChoice } from "../../src/dataset/split-options.js";
import { temporaryFolder } from "../cache/made-cache.js";
import { type MadeEntry, makeManifest } from "./made-manifest.js";

const MINUTE = 60 * 256;

/** `count` patients of two recordings in one split, of whom the first `ill` have a seizure in the second. */
function patients(count: number, ill: number, split = "all", prefix = "p"): MadeEntry[] {
  return Array.from({ length: count }, (_, i) => {
    const entry = { patient: `${prefix}${String(i).padStart(2, "0")}`, split, sampleCount: MINUTE };
    return [entry, { ...entry, seizures: i < ill ? ([[10, 20]] as const) : [] }];
  }).flat();
}

async function splitsOf(manifest: Manifest, choice: SplitChoice) {
  const { record } = await assignSplits(manifest, choice);
  return Object.fromEntries(Object.entries(record.splits).map(([split, part]) => [split, part.patients]));
}

function assertDisjoint(splits: Record<string, readonly string[]>, expected: number): void {
  const all = Object.values(splits).flat();
  assert.equal(new Set(all).size, all.length);
  assert.equal(all.length, expected);
}

test("a corpus without splits of its own is split by patient, stratified, the same for one seed, and says so", async () => {
  const manifest = makeManifest(patients(20, 10));
  const { record, manifest: view } = await assignSplits(manifest);
  assert.match(record.why, /^the corpus has no splits of its own: patients were drawn by data\.split \(seed 42\)/);
  const counts = Object.entries(record.splits).map(([split, part]) => [
    ...[split, part.patients.length, part.patientsWithSeizures, part.recordings],
  ]);
  assert.deepEqual(counts, [
    ["train", 12, 6, 24],
    ["dev", 4, 2, 8],
    ["eval", 4, 2, 8],
  ]);
  assert.equal(view.counts.recordings, 40);
  assert.equal(view.bySplit.dev?.patients, 4);
  assert.deepEqual(
    view.recordings.map(({ id }) => id),
    manifest.recordings.map(({ id }) => id),
  );
  const again = await splitsOf(makeManifest(patients(20, 10)), {});
  assertDisjoint(again, 20);
  assert.deepEqual(again, await splitsOf(manifest, {}));
  assert.notDeepEqual(again, await splitsOf(manifest, { seed: 43 }));
});

test("the corpus's own splits are kept as they are; without dev a part of train is, and custom leaves its dev aside", async () => {
  const own = makeManifest([...patients(6, 3, "train"), ...patients(2, 2, "dev", "d"), ...patients(2, 1, "eval", "e")]);
  assert.equal((await assignSplits(own)).manifest, own);
  const trainOnly = makeManifest([...patients(10, 5, "train"), ...patients(2, 1, "eval", "e")]);
  const cut = await assignSplits(trainOnly, { devShare: 0.2, seed: 7 });
  const { train, dev } = splitByPatient(trainOnly, 0.2, 7);
  assert.deepEqual([cut.record.splits.train?.patients, cut.record.splits.dev?.patients], [train, dev]);
  assert.deepEqual(cut.record.splits.eval?.patients, ["e00", "e01"]);
  const custom = await assignSplits(own, { ownDev: false });
  assert.deepEqual(custom.record.unused, ["d00", "d01"]);
});

test("shares of patients never touch the corpus's own eval split", async () => {
  const manifest = makeManifest([...patients(10, 5, "train"), ...patients(5, 2, "eval", "e")]);
  const splits = await splitsOf(manifest, { by: "patients", devShare: 0.3 });
  assert.deepEqual(splits.eval, ["e00", "e01", "e02", "e03", "e04"]);
  assertDisjoint(splits, 15);
});

test("folds hold every patient once, differ by one patient, and share out those with seizures", async () => {
  const manifest = makeManifest([...patients(11, 5), ...patients(2, 1, "eval", "e")]);
  const folds = await foldsOf(manifest, 4, { seed: 3 });
  const heldOut = folds.map(({ record }) => record.splits.eval!);
  assertDisjoint(Object.fromEntries(heldOut.map(({ patients: names }, i) => [i, names])), 11);
  assert.deepEqual(heldOut.map(({ patients: names }) => names.length).sort(), [2, 3, 3, 3]);
  assert.deepEqual(heldOut.map(({ patientsWithSeizures }) => patientsWithSeizures).sort(), [1, 1, 1, 2]);
  for (const { record } of folds) {
    const { train, dev, eval: own } = record.splits;
    assertDisjoint({ train: train!.patients, dev: dev!.patients, own: own!.patients }, 11);
    assert.ok(train!.seizures > 0 && dev!.seizures > 0);
    assert.deepEqual(record.unused, ["e00", "e01"]);
  }
});

test("folds that cannot be are refused in one sentence", async () => {
  const one = makeManifest(patients(1, 1));
  const few = makeManifest(patients(3, 2));
  const healthy = makeManifest(patients(4, 1));
  const refused = (manifest: Manifest, choice: SplitChoice, message: RegExp) =>
    assert.rejects(assignSplits(manifest, choice), { name: "ConfigError", message });
  await refused(
    one,
    { by: "folds", folds: 2, fold: 0 },
    /^folds keep patients apart, and the corpus has one patient \(p00\)/,
  );
  await refused(few, { by: "folds", folds: 5, fold: 0 }, /^5 folds of 3 patients: each fold needs a patient/);
  await refused(few, { by: "folds", folds: 3, fold: 7 }, /^there is no fold 7 of 3: folds are numbered from 0 to 2$/);
  await refused(few, { by: "folds", folds: 3 }, /data\.split\.fold is not set/);
  await refused(healthy, { by: "folds", folds: 2, fold: 0 }, /^one of the 4 patients has a seizure/);
  await assert.rejects(checkSplitChoice(few.recordings, { by: "folds", folds: 5 }), /5 folds of 3 patients/);
});

test("a single patient is trained on without validation, and that is said", async () => {
  const { record } = await assignSplits(makeManifest(patients(1, 1)));
  assert.deepEqual(Object.keys(record.splits), ["train"]);
  assert.match(record.why, /too few for a dev split: nothing is validated$/);
});

test("split files assign by name, in the words of the field; unknown patients are refused, others are left out", async (context) => {
  const dir = await temporaryFolder(context);
  const manifest = makeManifest(patients(6, 3));
  await mkdir(join(dir, "s"));
  await writeFile(join(dir, "s", "train.txt"), "p00\np01\n");
  await writeFile(join(dir, "s", "validation.txt"), "p02\n");
  await writeFile(join(dir, "s", "test.txt"), "p03\n");
  const { record } = await assignSplits(manifest, { by: "file", file: join(dir, "s") });
  assert.deepEqual(
    Object.entries(record.splits).map(([split, part]) => [split, part.patients]),
    [
      ["train", ["p00", "p01"]],
      ["dev", ["p02"]],
      ["eval", ["p03"]],
    ],
  );
  assert.deepEqual(record.unused, ["p04", "p05"]);
  await writeFile(join(dir, "splits.json"), JSON.stringify(record));
  const again = await assignSplits(manifest, { by: "file", file: dir });
  assert.deepEqual(again.record.splits, record.splits);
  await writeFile(join(dir, "s", "dev.txt"), "sub-99\n");
  const unknown = {
    name: "ConfigError",
    message: /one patient is not among the 6 of the corpus: sub-99; .*e\.g\. p00$/,
  };
  await assert.rejects(assignSplits(manifest, { by: "file", file: join(dir, "s") }), unknown);
  await assert.rejects(checkSplitChoice(manifest.recordings, { by: "file", file: join(dir, "s") }), unknown);
  await writeFile(join(dir, "s", "dev.txt"), "p01\n");
  const twice = /1 patient is in more than one split: p01 \(dev and train\)/;
  await assert.rejects(assignSplits(manifest, { by: "file", file: join(dir, "s") }), {
    name: "ConfigError",
    message: twice,
  });
  await assert.rejects(assignSplits(manifest, { by: "file", file: join(dir, "none") }), { name: "NotFoundError" });
});
