import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { pairExperts, readExpertTrees } from "../../src/cli/score-experts.js";
import { compareExperts, consensusEvents, type ExpertRecording } from "../../src/scoring/experts.js";
import { lacksSharedData, sharedPath } from "../recording/shared-data.js";

const event = (startSeconds: number, endSeconds: number) => ({ startSeconds, endSeconds });

test("consensusEvents marks what more than half of the experts mark, whole where events touch", () => {
  const [a, b, c] = [[event(10, 40)], [event(20, 30), event(30, 50)], [event(35, 60), event(80, 90)]];
  assert.deepEqual(consensusEvents([a, b, c]), [event(20, 50)]);
  assert.deepEqual(consensusEvents([a, b]), [event(20, 40)]);
  assert.deepEqual(consensusEvents([a, a, []]), [event(10, 40)]);
  assert.deepEqual(consensusEvents([a, [], []]), []);
});

/** Five patients with a seizure each; experts and detector shift its ends by seconds that differ between patients. */
function marked(shifts: readonly number[], detector: number): ExpertRecording[] {
  return Array.from({ length: 5 }, (_, p) => {
    const at = (shift: number) => [event(100 + 10 * p + shift * (1 + p), 160 + 10 * p + shift * (1 + p))];
    return { id: `r${p}`, patient: `p${p}`, durationSeconds: 300, experts: shifts.map(at), hypothesis: at(detector) };
  });
}

test("a detector like the experts is no worse than each of them, a shifted one is, and one expert is not enough", () => {
  const names = ["A", "B", "C"];
  const alike = compareExperts(marked([0, 1, 2], 1), names);
  assert.equal(alike.betweenExperts.length, 3);
  assert.deepEqual(
    alike.withDetector.map(({ second }) => second),
    ["A", "B", "C", "consensus"],
  );
  assert.deepEqual(
    alike.nonInferiority.map(({ isNonInferior }) => isNonInferior),
    [true, null, true], // B is the detector: no difference in any patient
  );
  const shifted = compareExperts(marked([0, 1, 2], 9), names);
  assert.ok(shifted.nonInferiority.every(({ isNonInferior, difference }) => !isNonInferior && difference.upper < 0));
  assert.deepEqual(
    compareExperts(
      marked([0, 1], 1).map(({ hypothesis: _, ...each }) => each),
      ["A", "B"],
    ).withDetector,
    [],
  );
  assert.throws(() => compareExperts(marked([0], 1), ["A"]), /invalid experts: 1; expected 2/);
  assert.throws(() => compareExperts(marked([0, 1], 1), names), /invalid experts: 2; expected 3/);
  assert.throws(() => compareExperts(marked([0, 1], 1), ["A", "B"], { margin: -1 }), /invalid margin/);
});

test("the experts of the newborns agree as numpy says, interval by patient too", {
  skip: lacksSharedData,
}, async () => {
  const file = new URL("../../../test/fixtures/scoring/expert-kappa.json", import.meta.url);
  const reference = JSON.parse(readFileSync(file, "utf8")) as {
    readonly patients: number;
    readonly between: Readonly<Record<string, readonly number[]>>;
    readonly replaced: readonly number[];
  };
  const folder = (name: string) => sharedPath(`real/helsinki/derivatives/expert-${name}`);
  const trees = await readExpertTrees(["A", "B", "C"].map(folder));
  const { recordings, notByAll } = pairExperts(trees, new Map(), 0.1);
  assert.deepEqual([recordings.length, notByAll], [reference.patients, []]);
  const found = compareExperts(recordings, ["A", "B", "C"]);
  const near = (values: readonly number[], expected: readonly number[] = []) =>
    assert.ok(
      values.length === expected.length && values.every((v, i) => Math.abs(v - expected[i]!) < 1e-9),
      `${values}`,
    );
  for (const { first, second, value, lower, upper } of found.betweenExperts)
    near([value, lower, upper], reference.between[`${first}${second}`]);
  const detected = recordings.map(({ experts: [a = [], b = [], c = []], ...rest }) => ({
    ...rest,
    experts: [a, b],
    hypothesis: c,
  }));
  const { value, lower, upper } = compareExperts(detected, ["A", "B"]).nonInferiority[0]!.difference;
  near([value, lower, upper], reference.replaced);
});
