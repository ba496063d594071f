import assert from "node:assert/strict";
import test from "node:test";
import { EXECUTOR_NAMES } from "../../src/tensor/program.js";
import { runConformance } from "./conformance-run.js";

/** A difference of float32 losses carries their rounding; PyTorch's values are those of float64. */
const TOLERANCE = { differences: 1e-3, PyTorch: 1e-5 };

/** Checks that fail on an executor for reasons of its own; environment.md names them, and `auto` passes over such executors. */
const FAULTS: Readonly<Record<string, readonly string[]>> = { "onnx-webgpu": ["whole small detector, gradients"] };

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
      const found = `${name}: ${check} is off by ${error.toExponential(1)}`;
      if (FAULTS[name]?.includes(check)) t.diagnostic(found);
      else assert.ok(error <= TOLERANCE[against], found);
    }
    run.push(name);
  }
  for (const always of ["onnx-cpu", "cpu"]) assert.ok(run.includes(always), `${always} ran`);
});
