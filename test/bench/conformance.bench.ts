import { EXECUTOR_NAMES } from "../../src/tensor/program.js";
import { runConformance } from "../tensor/conformance-run.js";

/*
 * Every executor against finite differences and PyTorch's stored values (test/reference/detector.py) as a table in
 * Markdown. Differences of float32 losses carry their rounding, 1e-6 to 1e-4; PyTorch's values are those of float64. An
 * executor that is not there is named with the reason.
 */

console.log("| executor | check | against | relative error | ms |\n|---|---|---|---|---|");
for (const name of EXECUTOR_NAMES) {
  const { rows, stopped } = runConformance(name, true);
  for (const { check, against, error, milliseconds } of rows)
    console.log(`| ${name} | ${check} | ${against} | ${error.toExponential(1)} | ${milliseconds.toFixed(1)} |`);
  if (stopped) console.log(`| ${name} | ${rows.length > 0 ? "stopped" : "not run"} | ${stopped} | | |`);
}
