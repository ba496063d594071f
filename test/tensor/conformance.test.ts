import assert from "node:assert/strict";
import test from "node:test";
import { EXECUTOR_NAMES } from "../../src/tensor/program.js";
import { runConformance } from "./conformance-run.js";

/** A difference of float32 losses carries their rounding; PyTorch's values are those of float64. */
const TOLERANCE = { differences: 1e-3, PyTorch: 1e-5 };

test("every executor of this machine gives the gradients of differences and of PyTorch", (t) => {
  const run: string[] = [];
  for (const name of EXECUTOR_NAMES) {
    const { rows, stopped } = runConformance(name);
    if (rows.length === 0) {
      t.diagnostic(`${name} is not here: ${stopped}`);
      continue;
    }
    assert.equal(stopped, undefined, `${name} stopped`);
    for (const { check, against, error } of rows) {
      assert.ok(error <= TOLERANCE[against], `${name}: ${check} is off by ${error.toExponential(1)}`);
    }
    run.push(name);
  }
  const required = (process.env.ICTAL_TEST_CONFORMING ?? "onnx-cpu,cpu").split(",");
  for (const name of required) assert.ok(run.includes(name), `${name} ran`);
});
