import assert from "node:assert/strict";
import { test } from "node:test";
import { bundleOf } from "ictal";
import { makePlan, writePlan } from "../../src/cluster/plan.js";
import { resultTable } from "../../src/cluster/result-table.js";
import { runTask } from "../../src/cluster/task.js";
import { temporaryFolder } from "../cache/made-cache.js";

test("a sweep that is half done is one table in a cell, with what all rows share below it", async (context) => {
  const dir = await temporaryFolder(context);
  const drafts = [0, 1].map((run) => ({
    items: 1,
    commands: [[`console.log('{"best":0.${run}123456,"name":"<b>"}')`]],
    inputs: run,
    row: { run, "training.learning_rate": 1e-3 },
  }));
  const plan = makePlan("sweep", drafts);
  await writePlan(dir, plan);
  await runTask(dir, plan, 0, { ictal: [process.execPath, "-e"] });
  const half = await resultTable(dir);
  assert.deepEqual(
    half.map(({ run, state, best }) => [run, state, best]),
    [
      [0, "done", 0.0123456],
      [1, "waiting", undefined],
    ],
  );
  await runTask(dir, plan, 1, { ictal: [process.execPath, "-e"] });
  const table = await resultTable(dir);
  const bundle = await bundleOf(table);
  const html = String(bundle["text/html"]);
  assert.match(html, /^<table><thead><tr><th>run<\/th><th>best<\/th><th>seconds<\/th>/);
  assert.match(html, /<td style="text-align:right">0\.012346<\/td>/);
  assert.match(html, /<p>in all rows: training\.learning_rate 0\.001, state done, name &lt;b&gt;<\/p>$/);
  assert.match(String(bundle["text/plain"]), /^run {2}best {6}seconds\n0 {4}0\.012346 /);
  assert.match(table.csv(), /^run,training\.learning_rate,state,best,name,seconds\n0,0\.001,done,0\.0123456,<b>,/);
});

test("a table of a folder without a plan says how to make one", async () => {
  await assert.rejects(resultTable("/nowhere"), { tag: "NotFoundError", message: /no plan at .*shard plan/ });
});
