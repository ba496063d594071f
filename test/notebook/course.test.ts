import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { projectPath } from "../../src/base/project.js";
import { synthesizeCorpus } from "../../src/corpus/synthetic/synthesize.js";
import { parseNotebook } from "../../src/notebook/runner/read-notebook.js";
import { startS3Server } from "../../src/store/server/s3-server.js";

/** Runs a notebook of the project headless; gives what its cells show as text. */
async function textsOf(notebook: string, output: string, words: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const args = ["src/cli/ictal.mjs", "notebook", "exec", notebook, "--output", output, "--no-report", ...words];
  const child = spawn(process.execPath, args, { cwd: projectPath("."), env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (data) => {
      text = `${text}${data}`;
    });
  const code = await new Promise((done) => child.once("close", done));
  assert.equal(code, 0, text);
  const { cells } = parseNotebook(await readFile(output, "utf8"), output);
  return cells
    .flatMap((cell) => (cell.cell_type === "code" ? cell.outputs : []))
    .map((shown) => String("text" in shown ? shown.text : "data" in shown ? shown.data["text/plain"] : ""))
    .join("\n");
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

test("01-s3-loading runs on any s3:// URL and 02-annotation-checks on any folder, each by a parameter", async () => {
  const root = await mkdtemp(join(tmpdir(), "ictal-course-"));
  const bucket = `course-${process.pid}`;
  const mirror = projectPath(`data/mirror/${bucket}-tusz`);
  const { server, env } = await openBucket(root, bucket);
  try {
    const url = `s3://${bucket}/tusz`;
    const loading = await textsOf("notebooks/01-s3-loading.ipynb", join(root, "1.ipynb"), ["-p", "source", url], env);
    assert.match(loading, /objects: 12 downloaded/);
    assert.match(loading, /objects: 0 downloaded, 12 there already/);
    assert.match(loading, /Ictal synthetic corpus/);
    const folder = join(root, "bucket", "tusz");
    const words = ["-p", "source", folder, "-p", "limit", "3"];
    const checks = await textsOf("notebooks/02-annotation-checks.ipynb", join(root, "2.ipynb"), words, process.env);
    assert.match(checks, /unknown label .*did you mean/);
    assert.match(checks, /csv and csv_bi: 0 of 3 differ/);
  } finally {
    await server.close();
    await rm(root, { recursive: true });
    await rm(mirror, { recursive: true, force: true });
  }
});

test("03-cache-and-manifest runs on any s3:// URL and 04-balanced-dataset on any folder, with a configuration of one's own", async () => {
  const root = await mkdtemp(join(tmpdir(), "ictal-course-"));
  const bucket = `course-cache-${process.pid}`;
  const { server, env } = await openBucket(root, bucket);
  const smoke = await readFile(projectPath("configs/smoke_test.yaml"), "utf8");
  const config = join(root, "own.yaml");
  await writeFile(config, smoke.replace(/cache_dir: .*/, `cache_dir: ${join(root, "cache")}`));
  const run = (notebook: string, source: string, seen: NodeJS.ProcessEnv) => {
    const words = ["-p", "config", config, "-p", "source", source];
    return textsOf(`notebooks/${notebook}.ipynb`, join(root, `${notebook}.ipynb`), words, seen);
  };
  try {
    const cache = await run("03-cache-and-manifest", `s3://${bucket}/tusz`, env);
    assert.match(cache, /4 recordings, \d+ frames checked, 0 bad/);
    const again = await run("03-cache-and-manifest", join(root, "bucket", "tusz"), process.env);
    assert.match(again, /4 recordings, \d+ frames checked, 0 bad/);
    assert.match(await run("04-balanced-dataset", join(root, "bucket", "tusz"), process.env), /prevalence|share/i);
  } finally {
    await server.close();
    await rm(root, { recursive: true });
    await rm(projectPath(`data/mirror/${bucket}-tusz`), { recursive: true, force: true });
  }
});
