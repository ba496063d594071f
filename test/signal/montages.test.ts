import assert from "node:assert/strict";
import test from "node:test";
import { UnsupportedError } from "@ictal/base/errors";
import {
  canonicalElectrode,
  ELECTRODES_19,
  electrodeNeighbours,
  electrodePosition,
} from "../../src/signal/electrodes.js";
import { montageElectrodes, montageOf } from "../../src/signal/montages.js";
import { createProjection, projectInto } from "../../src/signal/rereferencing.js";

const withEars = [...ELECTRODES_19, "A1", "A2"];

/** Channel values for one sample, input e holding 2 ** e (exact in float32, every sum tells its terms). */
function projectionOf(reference: "recorded" | "average" | "tcp20" | "tcp22", electrodes: readonly string[]) {
  const projection = createProjection(montageOf(reference), electrodes);
  const inputs = electrodes.map((_, e) => Float32Array.of(2 ** e));
  const one = new Float64Array(1);
  const values = projection.rows.map((row) => {
    projectInto(one, 0, 1, inputs, 0, 1, row);
    return one[0]!;
  });
  return { projection, values };
}

test("canonicalElectrode takes 10-10 names and blanks, and no longer name for a shorter one", () => {
  assert.deepEqual(["t7", " T8", "P7", "P8", "Fp1", "a2"].map(canonicalElectrode), [
    "T3",
    "T4",
    "T5",
    "T6",
    "FP1",
    "A2",
  ]);
  assert.deepEqual(
    ["C3P", "EKG1", "", "SP1", "toString", "__proto__"].map(canonicalElectrode),
    Array(6).fill(undefined),
  );
});

test("electrodes lie on the unit sphere, mirrored left to right", () => {
  for (const name of ELECTRODES_19) assert.ok(Math.abs(Math.hypot(...electrodePosition(name)) - 1) < 1e-14);
  for (const [left, right] of [
    ["FP1", "FP2"],
    ["C3", "C4"],
    ["T5", "T6"],
    ["O1", "O2"],
  ] as const) {
    const [x, y, z] = electrodePosition(left);
    for (const [k, value] of electrodePosition(right).entries()) assert.ok(Math.abs(value - [-x, y, z][k]!) < 1e-14);
    assert.ok(x < 0);
  }
});

test("electrodeNeighbours gives the sides of the 10-20 grid, each way", () => {
  assert.deepEqual([...electrodeNeighbours("CZ")].sort(), ["C3", "C4", "FZ", "PZ"]);
  assert.deepEqual([...electrodeNeighbours("F7")].sort(), ["F3", "FP1", "T3"]);
  for (const a of ELECTRODES_19) {
    for (const b of electrodeNeighbours(a)) assert.ok(electrodeNeighbours(b).includes(a), `${a} and ${b}`);
  }
});

test("the TCP montages hold NEDC's pairs in NEDC's order", () => {
  assert.equal(
    montageOf("tcp22")
      .channels.map(({ name }) => name)
      .join(" "),
    "FP1-F7 F7-T3 T3-T5 T5-O1 FP2-F8 F8-T4 T4-T6 T6-O2 A1-T3 T3-C3 C3-CZ CZ-C4 C4-T4 T4-A2 FP1-F3 F3-C3 C3-P3 P3-O1 FP2-F4 F4-C4 C4-P4 P4-O2",
  );
  const names = montageOf("tcp20").channels.map(({ name }) => name);
  assert.equal(names.length, 20);
  assert.ok(!names.includes("A1-T3") && !names.includes("T4-A2"));
  assert.ok(!montageElectrodes(montageOf("tcp22")).some((name) => name === "FZ" || name === "PZ"));
});

test("createProjection picks electrodes by name in any input order", () => {
  const shuffled = [...withEars].reverse();
  const { values, projection } = projectionOf("recorded", shuffled);
  assert.deepEqual(projection.channelNames, [...ELECTRODES_19]);
  assert.deepEqual(
    values,
    ELECTRODES_19.map((name) => 2 ** shuffled.indexOf(name)),
  );
  const { values: pairs } = projectionOf("tcp22", withEars);
  assert.equal(pairs[0], 2 ** withEars.indexOf("FP1") - 2 ** withEars.indexOf("F7"));
  assert.equal(pairs[13], 2 ** withEars.indexOf("T4") - 2 ** withEars.indexOf("A2"));
});

test("createProjection fills what a montage needs and marks the channels that it touches", () => {
  const lacking = ELECTRODES_19.filter((name) => name !== "FZ" && name !== "PZ");
  const { projection } = projectionOf("recorded", lacking);
  assert.deepEqual(
    projection.channelNames.filter((_, c) => projection.filled[c]),
    ["FZ", "PZ"],
  );
  const constant = projection.rows.map(({ weights }) => weights.reduce((sum, weight) => sum + weight, 0));
  for (const sum of constant) assert.ok(Math.abs(sum - 1) < 1e-12);
  assert.ok(projectionOf("tcp20", lacking).projection.filled.every((filled) => !filled));
  const { projection: pairs } = projectionOf(
    "tcp20",
    ELECTRODES_19.filter((name) => name !== "T3"),
  );
  assert.deepEqual(
    pairs.channelNames.filter((_, c) => pairs.filled[c]),
    ["F7-T3", "T3-T5", "T3-C3"],
  );
});

test("the average reference subtracts the mean of all 19 electrodes, filled ones too", () => {
  const { projection } = projectionOf(
    "average",
    ELECTRODES_19.filter((name) => name !== "CZ"),
  );
  const weightOf = (row: { inputs: Int32Array; weights: Float64Array }, input: number) =>
    row.weights[row.inputs.indexOf(input)] ?? 0;
  for (let input = 0; input < 18; input++) {
    const total = projection.rows.reduce((sum, row) => sum + weightOf(row, input), 0);
    assert.ok(Math.abs(total - 19 * weightOf(projection.common!, input)) < 1e-12);
  }
});

test("createProjection refuses unknown, repeated and too many missing electrodes by name", () => {
  const recorded = montageOf("recorded");
  const refused = (act: () => unknown, message: RegExp) =>
    assert.throws(act, (error) => error instanceof UnsupportedError && message.test(error.message));
  refused(
    () => createProjection(recorded, [...ELECTRODES_19, "EKG1"]),
    /unknown electrode "EKG1" at input 19: expected one of FP1 .* pass no other signals/,
  );
  refused(
    () => createProjection(recorded, [...ELECTRODES_19, "T7"]),
    /electrode T3 is given twice \(inputs 6 and 19\)/,
  );
  refused(
    () => createProjection(recorded, ELECTRODES_19.slice(1), "reject"),
    /missing electrodes FP1: set missing to "interpolate"/,
  );
  refused(
    () => createProjection(recorded, ELECTRODES_19.slice(5)),
    /missing electrodes FP1 F3 C3 P3 O1: 14 of 19 are present, interpolation needs at least 15/,
  );
  refused(() => createProjection(montageOf("tcp22"), ELECTRODES_19), /montage tcp22 needs A1 A2.*use tcp20/);
  assert.equal(createProjection(recorded, ELECTRODES_19.slice(4)).filled.filter(Boolean).length, 4);
});
