/** `ictal backend build tensorflow`: what it says when something is missing, and a real build where its wheel is installed. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, test } from "node:test";
import { isIctalError } from "@ictal/base/errors";
import { projectDir } from "../../src/base/project.js";
import { openExecutor } from "../../src/tensor/open.js";
import { tensorflowMissing } from "../../src/tensor/tensorflow/backend.js";
import { buildTensorflow } from "../../src/tensor/tensorflow/build.js";
import { ADDON, currentBuild } from "../../src/tensor/tensorflow/builds.js";
import { findToolchain } from "../../src/tensor/tensorflow/compile.js";
import { parseWheel } from "../../src/tensor/tensorflow/wheel.js";

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "ictal-tensorflow-"));
});
after(() => rm(folder, { recursive: true, force: true }));

const built = currentBuild();
const { toolchain, missing } = await findToolchain();
const withoutTools = toolchain === undefined && missing.join("; ");
const python = process.env.ICTAL_TEST_PYTHON ?? "python3";
const withoutPython =
  spawnSync(python, ["-c", "import ensurepip, venv"]).status !== 0 && `${python} makes no environments`;

/** Runs `ictal backend build`; returns its exit code and what it wrote. */
function build(words: string[], env: Record<string, string> = {}): { status: number | null; text: string } {
  const command = [join(projectDir, "src/cli/ictal.mjs"), "backend", "build", ...words];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
  return { status, text: stdout + stderr };
}

async function pretendedPython(name: string, body: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return path;
}

test("parseWheel(text) fixes a version, names a folder, and refuses other packages with what is allowed", () => {
  const cpu = parseWheel("tensorflow-cpu");
  assert.match(cpu.requirement, /^tensorflow-cpu==\d+\.\d+\.\d+$/);
  assert.equal(cpu.withDependencies, false);
  const cuda = parseWheel("tensorflow[and-cuda]==2.20.0");
  assert.equal(cuda.requirement, "tensorflow[and-cuda]==2.20.0");
  assert.ok(cuda.withDependencies && cuda.needsBytes > cpu.needsBytes);
  assert.notEqual(cuda.name, parseWheel("tensorflow[and-cuda]").name);
  assert.throws(
    () => parseWheel("torch"),
    (error) =>
      isIctalError(error, "ConfigError") && /allowed: tensorflow-cpu, tensorflow\[and-cuda\]/.test(error.message),
  );
  assert.throws(() => parseWheel(join(folder, "none.whl")), /there is no wheel .*none\.whl/);
});

test("findToolchain() names a missing compiler and missing headers of Node with how to get each", async () => {
  const found = await findToolchain({ CXX: join(folder, "none") }, "/nowhere/bin/node");
  assert.match(found.missing[0]!, /CXX names, ".*none", does not start/);
  if (found.missing.length > 1) assert.match(found.missing[1]!, /node_api\.h in \/nowhere\/include\/node: npm install/);
});

test("without a compiler on PATH the command names what to install and changes nothing", async () => {
  const dir = join(folder, "bare");
  const { status, text } = build(["tensorflow", "--dir", dir], { PATH: folder, CXX: "" });
  assert.equal(status, 1, text);
  assert.match(text, /cannot be built; missing:\n {2}no C\+\+ compiler .*apt install g\+\+/);
  assert.ok(!existsSync(dir));
});

test("wrong names, wheels and flags exit with 2 and what is allowed", () => {
  for (const [words, message] of [
    [["onnx-cpu"], /"onnx-cpu" has nothing to build; allowed are tensorflow, webgpu, onnx-cuda/],
    [["--wheel", "torch"], /unknown wheel "torch"; allowed: tensorflow-cpu/],
    [["webgpu", "--wheel", "tensorflow-cpu"], /--wheel is only allowed for tensorflow/],
  ] as const) {
    const { status, text } = build([...words]);
    assert.equal(status, 2, text);
    assert.match(text, message);
  }
});

test("a missing or old Python, one without venv and one without a network are named with what to do", {
  skip: withoutTools,
}, async () => {
  const wheel = "tensorflow-cpu";
  const dir = join(folder, "pythons");
  const attempt = (path: string) => buildTensorflow({ wheel, dir, python: path });
  await assert.rejects(attempt(join(folder, "none")), /does not start: install Python .*--python/);
  await assert.rejects(attempt(await pretendedPython("old", "echo 3 8")), /is Python 3\.8; 3\.10 or newer/);
  const bare = await pretendedPython(
    "bare",
    'case "$2" in venv) mkdir -p "$3"; echo no ensurepip; exit 1;; esac; echo 3 11',
  );
  await assert.rejects(attempt(bare), /apt install python3-venv[\s\S]*no ensurepip/);
  const offline =
    'case "$2" in venv) mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; exit;; pip) echo no network; exit 1;; esac; echo 3 11';
  await assert.rejects(attempt(await pretendedPython("offline", offline)), /PIP_NO_INDEX=1[\s\S]*no network/);
  assert.deepEqual(await readdir(dir), [parseWheel(wheel).name], "no lock and no pointer is left");
  await writeFile(join(dir, "lock"), String(process.ppid));
  await assert.rejects(attempt(bare), /process \d+ on \S+ is building in .*pythons: wait for it/);
});

test("a wheel without TensorFlow's C library is refused, and nothing of it stays", {
  skip: withoutTools || withoutPython,
}, async () => {
  const wheel = join(folder, "tensorflow_cpu-0.1-py3-none-any.whl");
  const script = `
import sys, zipfile
info = "tensorflow_cpu-0.1.dist-info/"
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    wheel.writestr("tensorflow/__init__.py", "")
    wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: tensorflow-cpu\\nVersion: 0.1\\n")
    wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(info + "RECORD", "")`;
  execFileSync(python, ["-c", script, wheel]);
  const dir = join(folder, "wrong");
  await assert.rejects(
    buildTensorflow({ wheel, dir, python }),
    /has no include\/tensorflow\/c\/c_api\.h.*libtensorflow_cc\.so\.2.*2\.16 or newer/,
  );
  assert.ok(!existsSync(join(dir, parseWheel(wheel).name, "venv")));
});

test("a real build compiles, checks its gradients, is then reused, and a failing one leaves it in use", {
  skip: withoutTools || (!built && 'needs the wheel: "ictal backend build tensorflow"'),
}, async (context) => {
  const dir = join(folder, "real");
  const own = join(dir, basename(built!.dir));
  await mkdir(own, { recursive: true });
  await symlink(join(built!.dir, "venv"), join(own, "venv")); // the wheel that is installed, an addon of our own
  const first = await buildTensorflow({ wheel: built!.wheel, dir });
  context.diagnostic(`TensorFlow ${first.version}: compiled in ${first.seconds.compile.toFixed(1)} s`);
  assert.deepEqual(first.reused, { wheel: true, addon: false });
  assert.ok(first.gradientError < 1e-5 && first.stepMilliseconds > 0, String(first.gradientError));
  assert.equal(currentBuild(dir)?.version, first.version);

  const second = await buildTensorflow({ wheel: built!.wheel, dir });
  assert.deepEqual(second.reused, { wheel: true, addon: true });

  const record = await readFile(join(own, "build.json"));
  await writeFile(join(own, ADDON), "no addon");
  await assert.rejects(buildTensorflow({ wheel: built!.wheel, dir }), /does not run; --force compiles it again/);
  assert.deepEqual(await readFile(join(own, "build.json")), record);
  await buildTensorflow({ wheel: built!.wheel, dir, force: true });
  assert.deepEqual((await readdir(dir)).sort(), [basename(own), "current"].sort(), "no lock is left");
});

test("the built addon is preferred and described; ICTAL_TENSORFLOW=published ignores it", {
  skip: !built && 'needs "ictal backend build tensorflow"',
}, async () => {
  const executor = await openExecutor("tensorflow");
  assert.ok(executor.choice.includes(`TensorFlow ${built!.version}, built here with ${built!.wheel}, on the `));
  assert.equal(executor.usesGpu, built!.usesGpu);
  await executor.dispose();
  const auto = await openExecutor("auto");
  if (!built!.usesGpu) assert.notEqual(auto.name, "tensorflow", "a build for the CPU is never taken unasked");
  await auto.dispose();
  process.env.ICTAL_TENSORFLOW = "published";
  try {
    assert.match(tensorflowMissing() ?? "", /no native addon|^$/);
  } finally {
    delete process.env.ICTAL_TENSORFLOW;
  }
});
