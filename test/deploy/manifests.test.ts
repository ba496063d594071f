import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { parse } from "yaml";
import { projectDir } from "../../src/base/project.js";
import { temporaryFolder } from "../cache/made-cache.js";
import { runVerb } from "../cli/verb-thread.js";
import { hashTree, ictal, makeProject } from "../cluster/made-plan.js";

const read = (path: string) => readFileSync(join(projectDir, "deploy", path), "utf8");

/** The verb answers to --help, and its help names every flag. */
function assertVerb(words: readonly string[]): void {
  const verb = words.slice(
    0,
    words.findIndex((word) => word.startsWith("--")),
  );
  const { status, stdout } = runVerb([...verb, "--help"]);
  assert.equal(status, 0);
  assert.match(stdout, new RegExp(`^Usage: ictal ${verb.join(" ")} `));
  for (const flag of words.filter((word) => word.startsWith("--")))
    assert.ok(stdout.includes(`${flag} `) || stdout.includes(`${flag}\n`), flag);
}

/** What the image runs before a container's own words. */
function entrypoint(): string[] {
  const [, words] = /^ENTRYPOINT (\[.*\])$/m.exec(read("Dockerfile"))!;
  return JSON.parse(words!) as string[];
}

test("the image's entry point is the command, to which manifests add words", () => {
  assert.deepEqual(entrypoint(), ["node", "/opt/ictal/src/cli/ictal.mjs"]);
});

/** A container's words with the paths of `dir` in place of the image's; the corpus of /data is made there. */
function wordsIn(dir: string, config: string, words: readonly string[]): string[] {
  const moved = words.map((word) => (word.startsWith("/results/") ? join(dir, word) : word));
  const at = moved.indexOf("--config");
  if (at >= 0) {
    assert.ok(readFileSync(join(projectDir, moved[at + 1]!)));
    moved[at + 1] = config;
  }
  const data = moved.indexOf("--data-dir");
  if (data >= 0) moved[data + 1] = join(dir, "corpus");
  return moved;
}

interface Steps {
  readonly plan: readonly string[];
  readonly task: readonly string[];
  readonly finalise: readonly string[];
  readonly count: number;
  readonly variable: string;
}

/** Run what the containers of a manifest run, the last task first; the cache is that of one local build. */
async function assertBuilds(context: TestContext, { plan, task, finalise, count, variable }: Steps): Promise<void> {
  for (const words of [plan, task, finalise]) assertVerb(words);
  const { dir, config, cacheDir } = await makeProject(context, count + 1, 12);
  const run = (words: readonly string[], environment = {}) => ictal(wordsIn(dir, config, words), environment);
  const planned = run(plan);
  assert.equal(planned.status, 0, planned.stderr);
  assert.equal(planned.json().shards, count);
  const early = run(finalise);
  assert.equal(early.status, 1);
  assert.match(early.stderr, /shards are not done: 0-\d+/);
  for (let index = count - 1; index >= 0; index--) {
    const { status, stderr, json } = run(task, { [variable]: String(index) });
    assert.equal(status, 0, stderr);
    assert.equal(json().shard, index);
  }
  assert.equal(run(task, { [variable]: String(count) }).status, 2);
  assert.equal(run(finalise).status, 0);
  const local = join(dir, "local");
  assert.equal(ictal(["cache", "build", "--config", config, "--cache-dir", local]).status, 0);
  assert.deepEqual(await hashTree(cacheDir), await hashTree(local));
}

interface KubernetesJob {
  readonly spec: {
    readonly completionMode?: string;
    readonly completions?: number;
    readonly template: {
      readonly spec: {
        readonly containers: readonly {
          readonly args: string[];
          readonly volumeMounts: { mountPath: string; readOnly?: boolean }[];
        }[];
      };
    };
  };
}

const KUBERNETES = ["kubernetes/1-plan.yaml", "kubernetes/2-tasks.yaml", "kubernetes/3-finalise.yaml"];

test("the Kubernetes example builds the cache of a local build, a shard per index", async (context) => {
  const [plan, tasks, finalise] = KUBERNETES.map((path) => parse(read(path)) as KubernetesJob);
  assert.equal(tasks!.spec.completionMode, "Indexed");
  const [planner, task, finisher] = [plan, tasks, finalise].map((job) => job!.spec.template.spec.containers[0]!);
  for (const { volumeMounts } of [planner!, task!, finisher!])
    assert.equal(volumeMounts.find(({ mountPath }) => mountPath === "/data")!.readOnly, true);
  await assertBuilds(context, {
    plan: planner!.args,
    task: task!.args,
    finalise: finisher!.args,
    count: tasks!.spec.completions!,
    variable: "JOB_COMPLETION_INDEX",
  });
});

test("the Kubernetes examples are jobs of the API, no field too many", (context) => {
  const python = process.env.ICTAL_TEST_PYTHON ?? "python3";
  const words = ["-P", "-c", "import kubernetes_validate"];
  if (spawnSync(python, words).status !== 0) return context.skip(`${python} has no kubernetes-validate`);
  const code = `import sys, yaml, kubernetes_validate
for path in sys.argv[1:]:
    kubernetes_validate.validate(yaml.safe_load(open(path)), "1.33", strict=True)`;
  const paths = KUBERNETES.map((path) => join(projectDir, "deploy", path));
  const { status, stderr } = spawnSync(python, ["-P", "-c", code, ...paths], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
});

test("the AWS Batch example builds the cache of a local build, a shard per array index", async (context) => {
  const { jobDefinition, submitPlan, submitTasks, submitFinalise } = JSON.parse(read("aws-batch/cache.json"));
  for (const job of [submitPlan, submitTasks, submitFinalise])
    assert.equal(job.jobDefinition, jobDefinition.jobDefinitionName);
  await assertBuilds(context, {
    plan: submitPlan.containerOverrides.command,
    task: jobDefinition.containerProperties.command,
    finalise: submitFinalise.containerOverrides.command,
    count: submitTasks.arrayProperties.size,
    variable: "AWS_BATCH_JOB_ARRAY_INDEX",
  });
});

test("aws-batch/submit.sh chains plan, array and finalise, and refuses a file with names left to fill in", async (context) => {
  const dir = await temporaryFolder(context);
  const stand = `#!/bin/sh\nprintf '%s ' "$2" >> ${dir}/calls; cat "\${4#file://}" >> ${dir}/calls; echo >> ${dir}/calls\necho "job-$(wc -l < ${dir}/calls)"\n`;
  writeFileSync(join(dir, "aws"), stand);
  chmodSync(join(dir, "aws"), 0o755);
  const submit = (...words: string[]) =>
    spawnSync(join(projectDir, "deploy/aws-batch/submit.sh"), words, {
      encoding: "utf8",
      env: { ...process.env, PATH: `${dir}:${process.env.PATH}` },
    });
  const raw = submit();
  assert.equal(raw.status, 2);
  assert.match(raw.stderr, /contains the placeholder <ACCOUNT> in jobDefinition; replace it/);
  const filled = join(dir, "cache.json");
  const named = read("aws-batch/cache.json")
    .replace(/<JOB-OF-\w+>/g, "later")
    .replace(/<[A-Z-]+>/g, "given");
  writeFileSync(filled, named);
  const { status, stdout, stderr } = submit(filled);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /plan job-2, tasks job-3, finalise job-4/);
  const calls = readFileSync(join(dir, "calls"), "utf8").trimEnd().split("\n");
  const [, plan, tasks, finalise] = calls.map((line) => JSON.parse(line.slice(line.indexOf(" "))));
  assert.equal(calls[0]!.split(" ")[0], "register-job-definition");
  assert.equal(plan.dependsOn, undefined);
  assert.deepEqual([tasks.dependsOn, finalise.dependsOn], [[{ jobId: "job-2" }], [{ jobId: "job-3" }]]);
});

test("the Dockerfiles name files, verbs and a health check that are there", () => {
  const box = read("Dockerfile");
  assert.match(box, /^ARG BASE=nvidia\/cuda:12\.\S+-cudnn-runtime-\S+\nFROM \$\{BASE\}$/m);
  assert.match(box, /^USER ictal$/m);
  assert.match(box, /^VOLUME \["\/data", "\/results"\]$/m);
  const [, check] = /^HEALTHCHECK .*CMD (\[.*\])$/m.exec(box)!;
  assert.equal((JSON.parse(check!) as string[]).at(-1), "doctor");
  assertVerb(["doctor", "--json"]);
  for (const file of box.match(/^COPY --chown=ictal:ictal (.+) \.\/$/m)![1]!.split(" "))
    assert.ok(readFileSync(join(projectDir, file)));
  assert.match(read("szcore/Dockerfile"), /ENTRYPOINT \["\/opt\/ictal\/deploy\/szcore\/entrypoint\.sh"\]/);
});
