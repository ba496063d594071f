import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { parseNotebook } from "@ictal/jupyter/notebook/read-notebook";
import { notebookText } from "@ictal/jupyter/test/notebook-text";
import { projectDir } from "../../src/base/project.js";
import { errorXml, sendObject, sendXml, withOwnServer } from "../store/own-s3.js";

const IN = { cwd: projectDir, encoding: "utf8" } as const;

/** In a process of its own: the server needs this one. */
function ictal(words: readonly string[], env: NodeJS.ProcessEnv) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const all = [join(projectDir, "src/cli/ictal.mjs"), ...words];
    execFile(process.execPath, all, { ...IN, env: { ...process.env, ...env } }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

test("notebook exec reads a notebook from a bucket and stores it there executed, with its report", async () => {
  const objects = new Map<string, Buffer>([["in/a b.ipynb", Buffer.from(notebookText(["6 * 7"], "ictal"))]]);
  const types: Record<string, unknown> = {};
  await withOwnServer(
    (request) => {
      const { method, key, headers, response } = request;
      const found = objects.get(key);
      if (method === "PUT" && key.startsWith("closed/")) sendXml(request, errorXml("AccessDenied"), 403);
      else if (method === "PUT") {
        const parts: Buffer[] = [];
        response.req.on("data", (part: Buffer) => parts.push(part));
        response.req.on("end", () => {
          objects.set(key, Buffer.concat(parts));
          types[key] = headers["content-type"];
          response.writeHead(200, { etag: '"x"' }).end();
        });
      } else if (found) sendObject(request, found);
      else sendXml(request, errorXml("NoSuchKey"), 404);
    },
    async ({ port }) => {
      const env = {
        AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`,
        AWS_ACCESS_KEY_ID: "a",
        AWS_SECRET_ACCESS_KEY: "b",
        AWS_REGION: "us-east-1",
      };
      const words = ["notebook", "exec", "s3://b/in/a b.ipynb", "-o", "s3://b/out/", "--images", "never", "--json"];
      const run = await ictal(words, env);
      assert.equal(run.code, 0, run.stderr);
      const [shown] = (JSON.parse(run.stdout) as { notebooks: Record<string, unknown>[] }).notebooks;
      assert.deepEqual(
        [shown?.input, shown?.output, shown?.report],
        ["s3://b/in/a b.ipynb", "s3://b/out/a b.ipynb", "s3://b/out/a b.html"],
      );
      const executed = parseNotebook(String(objects.get("out/a b.ipynb")), "executed");
      assert.match(JSON.stringify(executed.cells), /"text\/plain":"42"/);
      assert.equal(executed.metadata.papermill?.output_path, "s3://b/out/a b.ipynb");
      assert.deepEqual(types, {
        "out/a b.ipynb": "application/x-ipynb+json",
        "out/a b.html": "text/html; charset=utf-8",
      });
      const closed = ["notebook", "exec", "s3://b/in/a b.ipynb", "-o", "s3://b/closed/", "--prepare-only"];
      const refused = await ictal(closed, env);
      assert.equal(refused.code, 1);
      const [, copy] = /what ran is saved in (.*\.ipynb)$/m.exec(refused.stderr) ?? [];
      assert.ok(copy, refused.stderr);
      assert.equal(parseNotebook(await readFile(copy, "utf8"), copy).cells.length, 1);
      await rm(dirname(copy), { recursive: true });
      const early = await ictal(closed.slice(0, -1), env);
      assert.equal(early.code, 1);
      assert.match(early.stderr, /closed\/a b\.ipynb/);
      assert.doesNotMatch(early.stdout, /kernel ready/, "it is told before anything runs");
      const missing = await ictal(["notebook", "report", "s3://b/none.ipynb"], env);
      assert.deepEqual(
        [missing.code, /no object s3:\/\/b\/none\.ipynb/.test(missing.stderr)],
        [2, true],
        missing.stderr,
      );
    },
  );
});
