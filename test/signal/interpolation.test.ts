import assert from "node:assert/strict";
import test from "node:test";
import {
  canonicalElectrode,
  ELECTRODES_19,
  electrodePosition,
  type Position,
  type ScalpElectrode,
} from "../../src/signal/electrodes.js";
import { interpolationWeights } from "../../src/signal/interpolation.js";
import { readFixture, relativeError } from "./reference-values.js";

interface Interpolation {
  positions: Record<string, Position>;
  cases: { missing: string[]; weights: number[][] }[];
}
const fixture = readFixture<Interpolation>("interpolation");

test("electrodePosition gives MNE's easycap-M1 on the unit sphere", () => {
  for (const [name, position] of Object.entries(fixture.positions)) {
    const own = electrodePosition(canonicalElectrode(name) as ScalpElectrode);
    for (let k = 0; k < 3; k++) assert.ok(Math.abs(own[k]! - position[k]!) < 1e-12, `${name}: ${own} and ${position}`);
  }
});

test("interpolationWeights gives the weights of MNE's interpolate_bads", () => {
  for (const { missing, weights } of fixture.cases) {
    const targets = missing.map((name) => canonicalElectrode(name) as ScalpElectrode);
    const rows = interpolationWeights(
      ELECTRODES_19.filter((name) => !targets.includes(name)),
      targets,
    );
    rows.forEach((row, k) => {
      assert.ok(relativeError(row, weights[k]!) < 1e-9, `${missing[k]}: ${relativeError(row, weights[k]!)}`);
      assert.ok(Math.abs(row.reduce((sum, weight) => sum + weight, 0) - 1) < 1e-12);
    });
  }
});
