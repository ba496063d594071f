import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { projectDir } from "../../../src/base/project.js";
import { packFiles, unpackCommands } from "../../../src/cluster/modal/archive.js";
import { imageRecipe, parseDockerfile } from "../../../src/cluster/modal/image.js";

async function folder(context: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "ictal-image-"));
  context.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

test("the commands of an archive, run by a shell, give the files back", async (context) => {
  const dir = await folder(context);
  await mkdir(join(dir, "from/src/deep"), { recursive: true });
  await mkdir(join(dir, "to"));
  const large = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 2_654_435_761) >>> 24));
  await writeFile(join(dir, "from/src/deep/large.bin"), large);
  await writeFile(join(dir, "from/src/run.sh"), "#!/bin/sh\n");
  await writeFile(join(dir, "from/empty"), "");
  const archive = await packFiles(join(dir, "from"), ["src", "empty"]);
  assert.deepEqual(await packFiles(join(dir, "from"), ["empty", "src"]), archive, "equal files, equal bytes");
  for (const command of unpackCommands(archive)) {
    const line = command.replace(/^RUN /, "").replaceAll("/tmp/project.b64", join(dir, "project.b64"));
    execFileSync("/bin/sh", ["-c", line], { cwd: join(dir, "to") });
  }
  assert.deepEqual(await readFile(join(dir, "to/src/deep/large.bin")), large);
  assert.equal(await readFile(join(dir, "to/empty"), "utf8"), "");
  assert.equal(spawnSync(join(dir, "to/src/run.sh")).status, 0, "scripts can be run");
});

test("a Dockerfile is read with its continued lines, without its comments", () => {
  const found = parseDockerfile("# a\nFROM base\nRUN one \\\n  && two\n\nCOPY . .\n");
  assert.deepEqual(found, [
    { word: "FROM", text: "FROM base" },
    { word: "RUN", text: "RUN one  && two" },
    { word: "COPY", text: "COPY . ." },
  ]);
});

test("a Dockerfile that cannot become layers is refused with what was expected", async (context) => {
  const dir = await folder(context);
  await writeFile(join(dir, "Dockerfile"), "FROM a\nCOPY --from=b x /y\n");
  await assert.rejects(imageRecipe(dir, "Dockerfile"), /cannot be turned into an archive; expected COPY FILE/);
  await writeFile(join(dir, "Dockerfile"), "FROM a\nFROM b\n");
  await assert.rejects(imageRecipe(dir, "Dockerfile"), /expected one stage/);
});

test("the base image may be an ARG with a default ahead of FROM", async (context) => {
  const dir = await folder(context);
  await writeFile(join(dir, "Dockerfile"), "ARG BASE=a/b:1\nARG TAG=2\nFROM $BASE\nARG MIRROR=http://m\nRUN one\n");
  assert.deepEqual(await imageRecipe(dir, "Dockerfile"), {
    base: "a/b:1",
    layers: [["ARG MIRROR=http://m", "RUN one"]],
  });
  for (const text of ["ARG BASE\nFROM $BASE\n", "FROM $OTHER\n"]) {
    await writeFile(join(dir, "Dockerfile"), text);
    await assert.rejects(
      imageRecipe(dir, "Dockerfile"),
      /names no image; expected an image name, or an ARG with a default/,
    );
  }
});

test("the recipe of deploy/Dockerfile carries this checkout: equal checkouts give equal recipes", async () => {
  const recipe = await imageRecipe(projectDir);
  assert.match(recipe.base, /^nvidia\/cuda:12\..*cudnn-runtime/);
  assert.deepEqual(await imageRecipe(projectDir), recipe);
  const commands = recipe.layers.flat();
  assert.ok(commands.some((command) => command.includes("--onnxruntime-node-install=cuda12")));
  assert.ok(commands.join("\n").length < 3_500_000, "a request to the service may have 4 MB");
});
