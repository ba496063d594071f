import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, realpath, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { projectDir } from "../../src/base/project.js";
import { PROJECT_FILES, packFiles } from "../../src/cluster/modal/archive.js";

async function folder(context: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "ictal-deploy-"));
  context.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** A folder of programs for PATH, each a line of shell. */
async function programs(dir: string, lines: Readonly<Record<string, string>>): Promise<string> {
  const bin = join(dir, "bin");
  await mkdir(bin);
  for (const [name, line] of Object.entries(lines)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${line}\n`);
    await chmod(join(bin, name), 0o755);
  }
  return `${bin}:/usr/bin:/bin`;
}

const libraries = ["libcudart.so.12", "libcublasLt.so.12", "libcufft.so.11", "libcurand.so.10", "libcudnn.so.9"];
const sound = {
  "nvidia-smi": "echo 570.86.15",
  ldconfig: `printf '%s\\n' ${libraries.join(" ")}`,
  tmux: "true",
  curl: "true",
  xz: "true",
  node: `exec ${process.execPath} "$@"`,
};

function check(path: string, home: string, more: Readonly<Record<string, string>> = {}) {
  const script = join(projectDir, "deploy/gpu-box.sh");
  return spawnSync(script, ["--check"], { encoding: "utf8", env: { PATH: path, HOME: home, ...more } });
}

test("gpu-box.sh --check is content with a box that has everything", async (context) => {
  const dir = await folder(context);
  const { status, stdout, stderr } = check(await programs(dir, sound), dir);
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /ok {7}NVIDIA driver 570\.86\.15/);
});

test("gpu-box.sh --check finds libraries in the folders of LD_LIBRARY_PATH, too", async (context) => {
  const dir = await folder(context);
  const path = await programs(dir, { ...sound, ldconfig: `printf '%s\\n' ${libraries.slice(1).join(" ")}` });
  await writeFile(join(dir, libraries[0]!), "");
  assert.equal(check(path, dir).status, 1);
  assert.equal(check(path, dir, { LD_LIBRARY_PATH: `/nowhere:${dir}` }).status, 0);
});

test("gpu-box.sh fetches Node, installs and says what the shell needs, from a mirror", async (context) => {
  const dir = await folder(context);
  const name = "node-v24.22.3-linux-x64";
  const mirror = join(dir, "mirror/v24.22.3");
  await mkdir(join(dir, `pack/${name}/bin`), { recursive: true });
  await mkdir(mirror, { recursive: true });
  for (const [program, line] of [
    ["node", `[ "$1" = -e ] || echo "node $*"`],
    ["npm", 'echo "npm $*"'],
  ] as const) {
    await writeFile(join(dir, `pack/${name}/bin/${program}`), `#!/bin/sh\n${line}\n`);
    await chmod(join(dir, `pack/${name}/bin/${program}`), 0o755);
  }
  execFileSync("tar", ["-C", join(dir, "pack"), "-cJf", join(mirror, `${name}.tar.xz`), name]);
  const sums = execFileSync("sha256sum", [`${name}.tar.xz`], { cwd: mirror, encoding: "utf8" });
  await writeFile(join(mirror, "SHASUMS256.txt"), sums);
  const { node: _node, curl: _curl, xz: _xz, ...others } = sound;
  const PATH = await programs(dir, { ...others, node: "exit 1" });
  const script = join(projectDir, "deploy/gpu-box.sh");
  const env = { PATH, HOME: dir, TENSORFLOW: "a-wheel", NODE_MIRROR: `file://${join(dir, "mirror")}` };
  const { status, stdout, stderr } = spawnSync(script, [], { encoding: "utf8", env });
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, /linux-x64\.tar\.xz: OK\ninstalled Node 24\.22\.3 in .*ictal-node\nnpm ci --no-progress\n/);
  assert.match(
    stdout,
    /node .*install\.js --onnxruntime-node-install=cuda12\nnode .*ictal\.mjs backend build tensorflow --wheel a-wheel\nnode .*ictal\.mjs doctor\n/,
  );
  assert.match(stdout, /for your shell: export PATH=.*\.local\/ictal-node\/bin:\$PATH\n$/);
  await writeFile(
    join(mirror, "SHASUMS256.txt"),
    sums.replace(/^./, (digit) => (digit === "0" ? "1" : "0")),
  );
  const damaged = spawnSync(script, [], { encoding: "utf8", env: { ...env, HOME: join(dir, "other") } });
  assert.notEqual(damaged.status, 0);
  assert.match(damaged.stderr + damaged.stdout, /FAILED|did NOT match/);
});

test("gpu-box.sh --check names what is missing and who has it", async (context) => {
  const dir = await folder(context);
  const path = await programs(dir, { ...sound, "nvidia-smi": "echo 470.1", ldconfig: "echo libcudart.so.12" });
  const { status, stdout, stderr } = check(path, dir);
  assert.equal(status, 1);
  assert.match(stdout, /missing {2}NVIDIA driver 525 or newer: found 470\.1/);
  assert.match(stdout, /missing {2}libcudnn\.so\.9: .* libcudnn9-cuda-12/);
  assert.match(stderr, /5 missing/);
});

test("try-image.sh builds, tries and cleans up; an image that runs as root or is not healthy is refused", async (context) => {
  const dir = await folder(context);
  const line = `echo "$*" >> ${dir}/calls; case "$*" in *"--entrypoint id"*) echo "$TRY_USER" ;; inspect*) echo "$TRY_HEALTH" ;; esac`;
  const PATH = await programs(dir, { docker: line });
  const attempt = (user: string, health: string) =>
    spawnSync(join(projectDir, "deploy/try-image.sh"), ["--build-arg", "BASE=made"], {
      encoding: "utf8",
      env: { PATH, TRY_USER: user, TRY_HEALTH: health },
    });
  const sound = attempt("ictal", "healthy");
  assert.equal(sound.status, 0, sound.stderr);
  const calls = (await readFile(join(dir, "calls"), "utf8")).trim().split("\n");
  assert.match(calls[0]!, /^build --build-arg BASE=made -f .*deploy\/Dockerfile -t ictal /);
  assert.ok(
    calls.some((call) => /^run --rm --init --network none .* notebook exec notebooks\/00-smoke\.ipynb/.test(call)),
  );
  assert.match(calls.at(-1)!, /^volume rm ictal-try-\d+$/);
  const root = attempt("root", "healthy");
  assert.deepEqual([root.status, root.stderr], [1, "try-image: the image runs as root, expected ictal\n"]);
  const ill = attempt("ictal", "unhealthy");
  assert.deepEqual([ill.status, ill.stderr], [1, "try-image: the health check is unhealthy, expected healthy\n"]);
});

test("air-gapped.sh and gpu-box.sh refuse wrong arguments with what is expected", () => {
  for (const [script, words] of [
    ["air-gapped.sh", ["pack"]],
    ["gpu-box.sh", ["--chek"]],
  ] as const) {
    const { status, stderr } = spawnSync(join(projectDir, "deploy", script), words, { encoding: "utf8" });
    assert.equal(status, 2);
    assert.match(stderr, /usage|expected/);
  }
});

/** Words that run a command without any network, where the kernel lets an ordinary user do so. */
function isolation(): string[] {
  return spawnSync("unshare", ["--user", "--map-root-user", "--net", "true"]).status === 0
    ? ["unshare", "--user", "--map-root-user", "--net"]
    : [];
}

/** The archive compiles with the packages of this checkout, and answers to its command. */
async function assertCompiles(archive: string, dir: string): Promise<void> {
  await mkdir(dir);
  execFileSync("tar", ["-xzf", archive], { cwd: dir });
  await symlink(await realpath(join(projectDir, "node_modules")), join(dir, "node_modules"));
  const words = ["src/cli/ictal.mjs", "--version"];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: dir, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
}

// What the image of Modal carries is what air-gapped.sh installs here: one compilation tells of both.
test("the project's archive, installed by air-gapped.sh from an npm cache with the network off, compiles by itself and answers", async (context) => {
  const dir = await folder(context);
  const from = join(dir, "brought");
  const archive = join(from, "project.tar.gz");
  await mkdir(from);
  await writeFile(archive, await packFiles(projectDir, PROJECT_FILES));
  const cache = execFileSync("npm", ["config", "get", "cache"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();
  const skip = async (reason: string) => {
    await assertCompiles(archive, join(dir, "unpacked"));
    context.skip(`compiled, but not installed: ${reason}`);
  };
  if (!(await stat(join(cache, "_cacache")).catch(() => undefined))) return skip(`no npm cache at ${cache}`);
  const words = [...isolation(), join(projectDir, "deploy/air-gapped.sh"), "install", from, join(dir, "target")];
  const { status, stdout, stderr } = spawnSync(words[0]!, words.slice(1), {
    encoding: "utf8",
    env: {
      ...process.env,
      ICTAL_NPM_CACHE: cache,
      ICTAL_NPM_FLAGS: "--omit=dev --omit=optional",
    },
  });
  if (/ENOTCACHED/.test(stderr)) return skip(`npm's cache at ${cache} lacks packages; run npm ci --cache ${cache}`);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^\d+\.\d+\.\d+$/m);
});
