import assert from "node:assert/strict";
import { test } from "node:test";
import { foldDir, foldNotices } from "../../src/cluster/crossval/folds.js";
import { planCrossval } from "../../src/cluster/crossval/plan.js";
import { checkVerbs } from "../../src/cluster/plans.js";
import { foldsOf } from "../../src/dataset/split.js";
import { type MadeEntry, makeManifest } from "../dataset/made-manifest.js";

/** A manifest of patients without splits, of whom the first `ill` have a seizure. */
function made(patients: number, ill: number) {
  const entries = Array.from({ length: patients }, (_, i): MadeEntry => {
    const seizures = i < ill ? ([[10, 20]] as const) : [];
    return { patient: `p${i}`, split: "all", sampleCount: 60 * 256, seizures };
  });
  return makeManifest(entries);
}

const BASE = { configArgs: ["--config", "c.yaml"], configHash: "h", out: "cv", rateHz: 1 };

test("planCrossval() has a task per seed and fold, in which nothing but training and prediction runs", async () => {
  const folds = await foldsOf(made(9, 6), 3);
  const plan = planCrossval({ ...BASE, folds, seeds: [42, 43] });
  checkVerbs(plan);
  assert.deepEqual(
    plan.shards.map(({ row }) => row),
    [42, 43].flatMap((seed) => [0, 1, 2].map((fold) => ({ seed, fold }))),
  );
  const [train, dev, heldOut] = plan.shards[4]!.commands;
  const words = train!.join(" ");
  assert.match(words, /^train --config c\.yaml .*data\.split\.fold=1 .*experiment\.seed=43 .* --resume --json$/);
  assert.ok(words.includes(JSON.stringify(foldDir("cv", 43, 1))));
  assert.match(dev!.join(" "), /^predict .* --split dev .* --rate 1 --json$/);
  assert.match(heldOut!.join(" "), /^predict .* --split eval /);
  assert.deepEqual(plan.finalise[0]!.slice(-2), ["--report-only", "--json"]);
  const calibrated = planCrossval({ ...BASE, folds, seeds: [42, 43], calibrate: true });
  assert.deepEqual(calibrated.finalise[0]!.slice(-3), ["--calibrate", "--report-only", "--json"]);
  assert.deepEqual(calibrated.shards, plan.shards);
  const { finalise, ...rest } = plan;
  assert.throws(() => checkVerbs({ ...rest, finalise: [["s3", "pull"]] }), /not allowed in a crossval plan/);
});

test("planCrossval() keeps finished tasks when seeds are added, and none when configuration, folds or recordings change", async () => {
  const manifest = made(9, 6);
  const hashes = async (
    change: Partial<typeof BASE> & { seeds?: number[]; folds?: number; manifest?: typeof manifest },
  ) => {
    const folds = await foldsOf(change.manifest ?? manifest, change.folds ?? 3);
    return planCrossval({ ...BASE, ...change, folds, seeds: change.seeds ?? [42] }).shards.map(({ hash }) => hash);
  };
  const first = await hashes({});
  assert.deepEqual((await hashes({ seeds: [42, 43] })).slice(0, 3), first);
  for (const change of [{ configHash: "other" }, { folds: 4 }, { manifest: made(10, 6) }])
    for (const hash of await hashes(change)) assert.ok(!first.includes(hash));
});

test("foldNotices(folds) tells of folds without seizures or dev, and refuses a training part without a seizure", async () => {
  const records = async (...asked: Parameters<typeof foldsOf>) => (await foldsOf(...asked)).map(({ record }) => record);
  assert.deepEqual(foldNotices(await records(made(9, 6), 3)), []);
  const alone = await records(made(6, 4), 6);
  const silent = alone.flatMap(({ splits }, fold) => (splits.eval!.seizures === 0 ? [fold] : []));
  assert.equal(silent.length, 2);
  const [told] = foldNotices(alone);
  assert.match(
    told!,
    /^no seizure in folds [\d,-]+: no AUROC of their own; pooled, their patients count as background$/,
  );
  const without = foldNotices(await records(made(9, 6), 3, { devShare: 0 }));
  assert.match(
    without[0]!,
    /^no dev patients in folds 0-2: the last epoch and the configured threshold are used there$/,
  );
  const [first, ...others] = alone;
  const { train, ...splits } = first!.splits;
  const bare = { ...first!, splits: { ...splits, train: { ...train!, seizures: 0 } } };
  assert.throws(() => foldNotices([bare, ...others]), /the training part of fold 0 holds no seizure/);
});
