import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { contentOf, startKernel } from "@ictal/jupyter/test/kernel/start-kernel";
import { projectDir } from "../../../src/base/project.js";
import { madeOptions, makeTrainingCache, temporaryFolder } from "../../training/made-run.js";

test("Stop ends training at a step boundary with a checkpoint, from which the next cell goes on", async (context) => {
  const dir = await temporaryFolder(context);
  await makeTrainingCache(join(dir, "cache"));
  const kernel = await startKernel({ env: { ICTAL_KERNEL_PROJECT: projectDir } }); // its folder is of no project
  context.after(() => kernel.stop());
  const resultOf = async (code: string) => {
    const answer = await kernel.execute(code);
    const data = contentOf(answer, "execute_result")?.data["text/plain"];
    assert.ok(data !== undefined, JSON.stringify(answer.reply.content));
    return JSON.parse(String(data).replace(/^'|'$/g, "")) as { state: string; step: number; checkpoint?: string };
  };
  const tell = "JSON.stringify({ state: fit.state, step: fit.step, checkpoint: fit.checkpoint })";

  const options = JSON.stringify(madeOptions(dir, "run", { epochs: 500 }));
  await kernel.execute(`import { startTraining } from "ictal"; const options = ${options};`);
  const id = kernel.send(
    "let fit = startTraining(options as never);\nfit.onUpdate(({ step }) => { if (step === 3) console.log('third step'); });\nawait fit.done;",
  );
  await kernel.waitFor(
    ({ header, parentHeader }) => header.msg_type === "stream" && parentHeader?.msg_id === id,
    "steps",
  );
  await kernel.request("interrupt_request", {}, "control");
  assert.ok(["error", "ok"].includes(String((await kernel.answer(id)).reply.content.status)));

  let stopped = await resultOf(tell);
  for (let wait = 0; stopped.state !== "done" && wait < 100; wait++) {
    await sleep(100);
    stopped = await resultOf(tell);
  }
  assert.equal(stopped.state, "done");
  assert.ok(stopped.step >= 3 && stopped.step < 1000, `${stopped.step} steps`);
  assert.ok(stopped.checkpoint && existsSync(stopped.checkpoint), "a checkpoint was saved");

  const more = stopped.step + 2;
  const resumed = await resultOf(
    `fit = startTraining({ ...options, resume: true, maxSteps: ${more} } as never); await fit.done; ${tell}`,
  );
  assert.deepEqual([resumed.state, resumed.step], ["done", more]);
});
