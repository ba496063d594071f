import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readRunCurve } from "../../src/training/read-curve.js";
import { openRunLog, readRunLog } from "../../src/training/run-log.js";

test("a reopened log keeps the entries up to the checkpoint, and drops a validation that is still to be repeated", async (context) => {
  const dir = await mkdtemp(join(tmpdir(), "ictal-log-"));
  context.after(() => rm(dir, { recursive: true }));
  const path = join(dir, "metrics.jsonl");
  const log = await openRunLog(path, 0);
  for (const [step, kind] of [
    [4, "validation"],
    [8, "step"],
    [8, "validation"],
    [9, "step"],
  ] as const)
    log.append({ step, kind });
  const kept = () => readRunLog(path).map(({ step, kind }) => `${step} ${kind}`);
  await openRunLog(path, 8);
  assert.deepEqual(kept(), ["4 validation", "8 step", "8 validation"]);
  await openRunLog(path, 8, true);
  assert.deepEqual(kept(), ["4 validation", "8 step"]);
});

test("readRunCurve(path) tells of lines that were cut, and refuses entries that no run writes", async (context) => {
  const dir = await mkdtemp(join(tmpdir(), "ictal-log-"));
  context.after(() => rm(dir, { recursive: true }));
  const path = join(dir, "metrics.jsonl");
  const good = [
    '{"kind":"step","step":1,"loss":0.7,"learningRate":0.001,"epoch":1}',
    '{"kind":"step","step":2,"loss":null,"learningRate":0.001}',
    '{"kind":"warning","step":2,"text":"x"}',
    '{"kind":"validation","step":2,"metrics":{"auroc":0.5,"precision":null}}',
  ];
  await writeFile(path, `${good.join("\n")}\n{"kind":"st`);
  const { steps, validations, cutLines } = await readRunCurve(path);
  assert.deepEqual([steps.map(({ loss }) => loss), validations.length, cutLines], [[0.7, Number.NaN], 1, [5]]);
  for (const [line, message] of [
    ['{"kind":"validation","step":3}', /metrics\.jsonl:5: invalid metrics: nothing; expected an object/],
    ['{"kind":"validation","step":3,"metrics":{"auroc":"0.5"}}', /invalid metrics\.auroc: "0\.5"; expected a number/],
    ['{"kind":"step","step":3,"loss":"low","learningRate":0.1}', /invalid loss: "low"/],
    ['{"kind":"step","step":3,"loss":1e999,"learningRate":0.1}', /invalid loss: Infinity/],
    ['{"kind":"step","step":-3,"loss":1,"learningRate":0.1}', /invalid step: -3/],
    ['{"__proto__":{"kind":"step"},"step":3}', /the key __proto__ is not allowed/],
    ["[]", /invalid \(the whole\)/],
  ] as const) {
    await writeFile(path, `${good.join("\n")}\n${line}\n`);
    await assert.rejects(readRunCurve(path), { name: "FormatError", message });
  }
});
