import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { EXECUTOR_NAMES } from "../../src/tensor/program.js";

/*
 * Every executor against finite differences and PyTorch's stored values (test/reference/detector.py), each in a process of
 * its own: a table in Markdown. An executor that is not there is named with the reason.
 */

interface Row {
  readonly check: string;
  readonly against: string;
  readonly error: number;
  readonly milliseconds: number;
}

const child = fileURLToPath(new URL("conformance-child.js", import.meta.url));
console.log("| executor | check | against | relative error | ms |\n|---|---|---|---|---|");
for (const name of EXECUTOR_NAMES) {
  const { stdout, stderr } = spawnSync(process.execPath, [child, name], { encoding: "utf8" });
  const rows = stdout.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as Row] : []));
  for (const { check, against, error, milliseconds } of rows)
    console.log(`| ${name} | ${check} | ${against} | ${error.toExponential(1)} | ${milliseconds.toFixed(1)} |`);
  if (rows.length === 0 || !rows.at(-1)!.check.endsWith("gradients")) {
    const reason = /Error: (.*)/.exec(stderr)?.[1] ?? stderr.trim().split("\n").at(-1);
    console.log(`| ${name} | ${rows.length > 0 ? "stopped" : "not run"} | ${reason} | | |`);
  }
}
