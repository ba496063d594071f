import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Notebook } from "@ictal/jupyter/notebook/notebook-file";
import { parseNotebook } from "@ictal/jupyter/notebook/read-notebook";
import { projectPath } from "../../src/base/project.js";
import { synthesizeCorpus } from "../../src/corpus/synthetic/synthesize.js";
import { startS3Server } from "../../src/store/server/s3-server.js";

/** An executed notebook and what its cells show as text. */
interface Run {
  readonly notebook: Notebook;
  readonly text: string;
}

/** Runs a notebook of the project headless. */
async function runNotebook(name: string, output: string, words: string[], env: NodeJS.ProcessEnv): Promise<Run> {
  const where = [`notebooks/${name}.ipynb`, "--output", output, "--no-report"];
  const args = ["src/cli/ictal.mjs", "notebook", "exec", ...where, ...words];
  const child = spawn(process.execPath, args, { cwd: projectPath("."), env, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (data) => {
      said = `${said}${data}`;
    });
  const code = await new Promise((done) => child.once("close", done));
  assert.equal(code, 0, said);
  const notebook = parseNotebook(await readFile(output, "utf8"), output);
  const text = notebook.cells
    .flatMap((cell) => (cell.cell_type === "code" ? cell.outputs : []))
    .map((shown) => String("text" in shown ? shown.text : "data" in shown ? shown.data["text/plain"] : ""))
    .join("\n");
  return { notebook, text };
}

/** A bucket with a small corpus under tusz/, and the environment in which s3:// finds it. */
async function openBucket(root: string, bucket: string) {
  await synthesizeCorpus(join(root, "bucket", "tusz"), { recordings: 4, maxDurationSeconds: 60 });
  const server = await startS3Server({ root: join(root, "bucket"), bucket });
  const env = {
    ...process.env,
    AWS_ENDPOINT_URL: server.endpoint,
    AWS_ACCESS_KEY_ID: server.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
    AWS_REGION: "us-east-1",
  };
  return { server, env };
}

interface Course {
  readonly loading: Run;
  readonly checks: Run;
  readonly cache: Run;
  readonly again: Run;
  readonly balanced: Run;
}

/** Runs the course once for all tests: from a bucket where a notebook takes one, then from a folder. */
async function runCourse(): Promise<Course> {
  const root = await mkdtemp(join(tmpdir(), "ictal-course-"));
  const bucket = `course-${process.pid}`;
  const { server, env } = await openBucket(root, bucket);
  const smoke = await readFile(projectPath("configs/smoke_test.yaml"), "utf8");
  const config = join(root, "own.yaml");
  await writeFile(config, smoke.replace(/cache_dir: .*/, `cache_dir: ${join(root, "cache")}`));
  const [url, folder] = [`s3://${bucket}/tusz`, join(root, "bucket", "tusz")];
  const own = ["-p", "config", config];
  const run = (name: string, words: string[], seen: NodeJS.ProcessEnv = process.env) =>
    runNotebook(name, join(root, `${name}.ipynb`), words, seen);
  try {
    return {
      loading: await run("01-s3-loading", ["-p", "source", url], env),
      checks: await run("02-annotation-checks", ["-p", "source", folder, "-p", "limit", "3"]),
      cache: await run("03-cache-and-manifest", [...own, "-p", "source", url], env),
      again: await run("03-cache-and-manifest", [...own, "-p", "source", folder]),
      balanced: await run("04-balanced-dataset", [...own, "-p", "source", folder]),
    };
  } finally {
    await server.close();
    await rm(root, { recursive: true });
    await rm(projectPath(`data/mirror/${bucket}-tusz`), { recursive: true, force: true });
  }
}

let running: Promise<Course> | undefined;

function course(): Promise<Course> {
  running ??= runCourse();
  return running;
}

test("01-s3-loading runs on any s3:// URL and 02-annotation-checks on any folder, each by a parameter", async () => {
  const { loading, checks } = await course();
  assert.match(loading.text, /objects: 12 downloaded/);
  assert.match(loading.text, /objects: 0 downloaded, 12 there already/);
  assert.match(loading.text, /Ictal synthetic corpus/);
  assert.match(checks.text, /unknown label .*did you mean/);
  assert.match(checks.text, /csv and csv_bi: 0 of 3 recordings differ/);
});

test("03-cache-and-manifest runs on any s3:// URL and 04-balanced-dataset on any folder, with a configuration of one's own", async () => {
  const { cache, again, balanced } = await course();
  assert.match(cache.text, /4 recordings, \d+ frames checked, 0 bad/);
  assert.match(again.text, /4 recordings, \d+ frames checked, 0 bad/);
  assert.match(balanced.text, /prevalence|share/i);
});

for (const [name, pick] of [
  ["01-s3-loading", "loading"],
  ["02-annotation-checks", "checks"],
  ["03-cache-and-manifest", "cache"],
  ["04-balanced-dataset", "balanced"],
] as const)
  test(`${name}.ipynb runs on kernel ictal, every cell of it`, async () => {
    const { cells, metadata } = (await course())[pick].notebook;
    assert.equal(metadata.kernelspec?.name, "ictal");
    for (const cell of cells) if (cell.cell_type === "code") assert.notEqual(cell.execution_count, null);
  });
