import assert from "node:assert/strict";
import { test } from "node:test";
import { csvText } from "../../src/cluster/cell-format.js";
import { makePlan } from "../../src/cluster/plan.js";
import { checkVerbs, planScore, planTrain } from "../../src/cluster/plans.js";

test("a table's cells never begin a formula; numbers stay numbers", () => {
  const row = {
    "=name": "=1+1",
    a: "+cmd|' /C calc'!A0",
    b: "@SUM(A1)",
    c: "-2+3",
    d: "\t=1",
    e: "\r=1",
    f: '="a",1',
    g: -2.5,
    h: "-1e-3",
    i: "+3",
    j: "plain-text",
    k: null,
  };
  assert.equal(
    csvText([row]),
    `'=name,a,b,c,d,e,f,g,h,i,j,k\n'=1+1,'+cmd|' /C calc'!A0,'@SUM(A1),'-2+3,'\t=1,"'\r=1","'=""a"",1",-2.5,-1e-3,+3,plain-text,\n`,
  );
});

test("a plan's tasks are the verbs of its kind alone", () => {
  for (const plan of [
    planTrain({ configArgs: [], configHash: "" }, "out"),
    planScore("ref", [{ hyp: "h", inputs: 1 }]),
  ])
    checkVerbs(plan);
  const task = (words: string[], finalise: string[][] = []) =>
    makePlan("cache", [{ items: 1, commands: [["cache", "build"], words], inputs: 1 }], finalise);
  checkVerbs(task(["cache", "build", "--shard", "0/1"], [["manifest", "--json"]]));
  for (const plan of [
    task(["kernel", "install", "--prefix", "/"]),
    task(["cache", "gc", "--delete"]),
    task(["cache"]),
    task(["cache", "build"], [["s3", "pull"]]),
    task(["--config", "x", "cache", "build"]),
  ])
    assert.throws(() => checkVerbs(plan), {
      tag: "CacheError",
      message: /which is not allowed in a cache plan .*create the plan again/,
    });
});
