import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import { projectDir } from "../../src/base/project.js";

const main = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
const read = (path: string) => readFileSync(join(projectDir, "deploy", path), "utf8");

/** The words that a container's command hands to ictal.mjs, found by running it with a stand-in for node. */
function wordsOf(context: TestContext, command: readonly string[], environment: Record<string, string>): string[] {
  const dir = mkdtempSync(join(tmpdir(), "ictal-manifest-"));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  writeFileSync(join(dir, "node"), '#!/bin/sh\nprintf "%s\\n" "$@"\n');
  chmodSync(join(dir, "node"), 0o755);
  const { status, stdout, stderr } = spawnSync(command[0]!, command.slice(1), {
    encoding: "utf8",
    env: { PATH: `${dir}:${process.env.PATH}`, ...environment },
  });
  assert.equal(status, 0, stderr);
  const [program, ...words] = stdout.trimEnd().split("\n");
  assert.match(program!, /src\/cli\/ictal\.mjs$/);
  return words;
}

/** The verb answers to --help, and its help names every flag. */
function assertVerb(words: readonly string[]): void {
  const verb = words.slice(
    0,
    words.findIndex((word) => word.startsWith("--")),
  );
  const { status, stdout } = spawnSync(process.execPath, [main, ...verb, "--help"], { encoding: "utf8" });
  assert.equal(status, 0);
  assert.match(stdout, new RegExp(`^Usage: ictal ${verb.join(" ")} `));
  for (const flag of words.filter((word) => word.startsWith("--")))
    assert.ok(stdout.includes(`${flag} `) || stdout.includes(`${flag}\n`), flag);
}

interface KubernetesJob {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly completionMode?: string;
    readonly completions?: number;
    readonly template: {
      readonly spec: {
        readonly containers: readonly {
          readonly command: string[];
          readonly args: string[];
          readonly volumeMounts: { mountPath: string; readOnly?: boolean }[];
        }[];
      };
    };
  };
}

test("the Kubernetes example runs verbs that exist, one part per index", (context) => {
  const documents = parseAllDocuments(read("kubernetes/cache.yaml"));
  for (const { errors } of documents) assert.deepEqual(errors, []);
  const [cache, manifest] = documents.map((document) => document.toJS() as KubernetesJob);
  assert.equal(cache!.spec.completionMode, "Indexed");
  const [container] = cache!.spec.template.spec.containers;
  const words = wordsOf(context, [...container!.command, ...container!.args], { JOB_COMPLETION_INDEX: "3" });
  assert.equal(words[words.indexOf("--shard") + 1], `3/${cache!.spec.completions}`);
  assert.deepEqual(words.slice(0, 2), ["cache", "build"]);
  assertVerb(words);
  const [last] = manifest!.spec.template.spec.containers;
  const lastWords = wordsOf(context, [...last!.command, ...last!.args], {});
  assert.equal(lastWords[0], "manifest");
  assertVerb(lastWords);
  for (const { volumeMounts } of [container!, last!])
    assert.equal(volumeMounts.find(({ mountPath }) => mountPath === "/data")!.readOnly, true);
});

test("the AWS Batch example runs verbs that exist, one part per array index", (context) => {
  const { jobDefinition, submitCache, submitManifest } = JSON.parse(read("aws-batch/cache.json"));
  const words = wordsOf(context, jobDefinition.containerProperties.command, { AWS_BATCH_JOB_ARRAY_INDEX: "5" });
  assert.equal(words[words.indexOf("--shard") + 1], `5/${submitCache.arrayProperties.size}`);
  assertVerb(words);
  assertVerb(wordsOf(context, submitManifest.containerOverrides.command, {}));
  assert.equal(submitCache.jobDefinition, jobDefinition.jobDefinitionName);
});

test("the Dockerfiles name files, verbs and a health check that are there", () => {
  const box = read("Dockerfile");
  assert.match(box, /^FROM nvidia\/cuda:12\.\S+-cudnn-runtime-/m);
  assert.match(box, /^USER ictal$/m);
  assert.match(box, /^VOLUME \["\/data", "\/results"\]$/m);
  const [, check] = /^HEALTHCHECK .*CMD (\[.*\])$/m.exec(box)!;
  assert.equal((JSON.parse(check!) as string[]).at(-1), "doctor");
  assertVerb(["doctor", "--json"]);
  for (const file of box.match(/^COPY (.+) \.\/$/m)![1]!.split(" ")) assert.ok(readFileSync(join(projectDir, file)));
  assert.match(read("szcore/Dockerfile"), /ENTRYPOINT \["\/opt\/ictal\/deploy\/szcore\/entrypoint\.sh"\]/);
});
