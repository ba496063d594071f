import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
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
