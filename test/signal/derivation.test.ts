import assert from "node:assert/strict";
import test from "node:test";
import { UnsupportedError } from "@ictal/base/errors";
import { ELECTRODES_19 } from "../../src/signal/electrodes.js";
import { channelOf, type Montage, montageOf } from "../../src/signal/montages.js";
import { createProjection, projectInto } from "../../src/signal/rereferencing.js";

/** A potential for each electrode, against nothing in particular; sums and differences are exact in float32. */
const potential = new Map<string, number>(
  [...ELECTRODES_19, "A1", "A2", "FT9"].map((name, at) => [name, 3 ** (at % 9) + at]),
);
const of = (name: string) => potential.get(name) ?? assert.fail(name);

/** What a recorder that measures against `reference` writes for an input. */
function recorded(input: string, reference = 100): number {
  const { plus, minus } = channelOf(input);
  return of(plus) - (minus === undefined ? reference : of(minus));
}

/** Channel values of one sample from these inputs. */
function valuesOf(montage: Montage, inputs: readonly string[]): number[] {
  const { rows, common } = createProjection(montage, inputs);
  const arrays = inputs.map((input) => Float32Array.of(recorded(input)));
  const one = new Float64Array(1);
  const value = (row: (typeof rows)[number]) => {
    projectInto(one, 0, 1, arrays, 0, 1, row);
    return one[0]!;
  };
  return rows.map((row) => value(row) - (common ? value(common) : 0));
}

const namesOf = (montage: Montage) => montage.channels.map(({ name }) => name);
const pairValues = (montage: Montage) => namesOf(montage).map((name) => recorded(name));

test("channelOf reads electrodes, pairs in older names, and labels", () => {
  assert.deepEqual(channelOf(" t7-P7"), { name: "T3-T5", plus: "T3", minus: "T5" });
  assert.deepEqual(channelOf("Cz"), { name: "CZ", plus: "CZ" });
  assert.deepEqual(channelOf("FT9-FT10"), { name: "FT9-FT10", plus: "FT9", minus: "FT10" });
  for (const label of ["BTEleft SD", "C3-C3", "C3-P3-O1", "ECG", "__proto__"])
    assert.deepEqual(channelOf(label), { name: label, plus: label });
});

test("the double banana holds the 18 pairs of the CHB-MIT files in their order", () => {
  assert.equal(
    namesOf(montageOf("double_banana")).join(" "),
    "FP1-F7 F7-T3 T3-T5 T5-O1 FP1-F3 F3-C3 C3-P3 P3-O1 FP2-F4 F4-C4 C4-P4 P4-O2 FP2-F8 F8-T4 T4-T6 T6-O2 FZ-CZ CZ-PZ",
  );
});

test("pairs come from referential electrodes, from the recorded pair, from its reverse and from a chain of pairs alike", () => {
  const banana = montageOf("double_banana");
  assert.deepEqual(valuesOf(banana, ELECTRODES_19), pairValues(banana));
  const own = ["T8-P8", "FP1-F7", "P7-T7", ...namesOf(banana).filter((name) => !/^(FP1-F7|T3-T5|T4-T6)$/.test(name))];
  assert.deepEqual(valuesOf(banana, own), pairValues(banana));
  const { rows } = createProjection(banana, own);
  assert.ok(rows.every(({ inputs }) => inputs.length === 1));
  const skip = montageOf("recorded", ["FP1-C3", "O1-F7"]);
  assert.deepEqual(valuesOf(skip, namesOf(banana)), pairValues(skip));
});

test("a missing electrode is derived from a pair that holds it, so that nothing is interpolated", () => {
  const inputs = [...ELECTRODES_19.filter((name) => name !== "T3"), "T3-C3"];
  const { filled } = createProjection(montageOf("recorded"), inputs);
  assert.ok(filled.every((mark) => !mark));
  assert.deepEqual(
    valuesOf(montageOf("recorded"), inputs),
    ELECTRODES_19.map((name) => recorded(name)),
  );
});

test("the common average follows from pairs that join all electrodes, and is that of referential signals", () => {
  const average = montageOf("average");
  const pairs = namesOf(montageOf("tcp20")); // without FZ and PZ
  const expected = valuesOf(average, ELECTRODES_19);
  for (const [at, value] of valuesOf(average, [...pairs, "FZ-CZ", "CZ-PZ"]).entries())
    assert.ok(Math.abs(value - expected[at]!) < 1e-9, String(at));
});

test("channels that the inputs do not determine are named with the reason", () => {
  const banana = namesOf(montageOf("double_banana"));
  const refused = (montage: Montage, inputs: readonly string[], message: RegExp) =>
    assert.throws(
      () => createProjection(montage, inputs),
      (error) => error instanceof UnsupportedError && message.test(error.message),
      String(message),
    );
  refused(montageOf("recorded"), banana, /missing channels FP1, F3, .*… \(19\): FP1 cannot be derived from pairs/);
  refused(
    montageOf("tcp20"),
    banana,
    /missing channels C3-CZ, CZ-C4: .*no chain of recorded pairs joins its electrodes/,
  );
  refused(montageOf("average"), banana, /missing channels FZ, CZ, PZ, FP2, .*average is not known/);
  refused(montageOf("recorded"), [...banana, "f7-fp1", "FP1-F7"], /pair FP1-F7 is given twice \(inputs 0 and 19\)/);
  refused(montageOf("recorded", ["BTEleft SD"]), ["CROSStop SD"], /unknown electrode "CROSStop SD" at input 0/);
  refused(montageOf("recorded", ["FT9", "C3"]), ELECTRODES_19, /needs FT9, .*take them out of data.channels/);
});

test("labels and electrodes beyond the 10-20 system are taken as they are", () => {
  const montage = montageOf("recorded", ["FT9", "ECG", "C3-FT9"]);
  const { rows, channelNames } = createProjection(montage, ["C3", "ECG", "FT9"]);
  assert.deepEqual(channelNames, ["FT9", "ECG", "C3-FT9"]);
  assert.deepEqual(
    rows.map(({ inputs, weights }) => [[...inputs], [...weights]]),
    [
      [[2], [1]],
      [[1], [1]],
      [
        [0, 2],
        [1, -1],
      ],
    ],
  );
});
