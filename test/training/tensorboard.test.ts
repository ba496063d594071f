import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { readRunLog } from "../../src/training/run-log.js";
import { madeFolder, madeOptions, trainHere } from "./made-run.js";

const python = process.env.ICTAL_TEST_PYTHON ?? "python3";

/** Prints every scalar that TensorBoard finds in a folder: {tag: [[step, value], …]}. */
const READER = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0})
events.Reload()
print(json.dumps({tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in events.Tags()["scalars"]}))
`;

function missing(): string | false {
  const { status } = spawnSync(python, ["-c", "import tensorboard"], { encoding: "utf8" });
  return status === 0 ? false : `${python} has no tensorboard; set ICTAL_TEST_PYTHON to one that has`;
}

test("TensorBoard reads the steps and validations of a run and its resumption as they were logged", {
  skip: missing(),
}, async (context) => {
  const dir = await madeFolder(context);
  const changes = { logEverySteps: 1, metric: { name: "score", mode: "max" } } as const;
  const validate = () => ({ score: 0.75 });
  await trainHere(madeOptions(dir, "run", { ...changes, maxSteps: 3 }), { validate });
  await trainHere(madeOptions(dir, "run", { ...changes, resume: true }), { validate });
  const { stdout, stderr } = spawnSync(python, ["-c", READER, join(dir, "run", "tensorboard")], { encoding: "utf8" });
  assert.ok(stdout, stderr);
  const found = JSON.parse(stdout) as Record<string, [step: number, value: number][]>;
  const entries = readRunLog(join(dir, "run", "metrics.jsonl"));
  const steps = entries.filter(({ kind }) => kind === "step");
  assert.ok(steps.length > 5);
  for (const name of ["loss", "learningRate", "gradientNorm", "memoryBytes"]) {
    const logged = steps.map((entry) => [entry.step, Math.fround(entry[name] as number)]);
    assert.deepEqual(found[`train/${name}`], logged, name);
  }
  const validations = entries.filter(({ kind }) => kind === "validation");
  assert.deepEqual(
    found["validation/score"],
    validations.map(({ step }) => [step, 0.75]),
  );
});
