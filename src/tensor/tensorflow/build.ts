import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { hashOf, sha256 } from "@ictal/base/canonical";
import { lastLines, runToEnd } from "@ictal/base/command";
import { UnsupportedError } from "@ictal/base/errors";
import { holdLock } from "@ictal/base/lock";
import { makeFolder } from "@ictal/base/make-folder";
import { packageDir as findPackageDir } from "../optional.js";
import { GRADIENT_TOLERANCE, type ProbeResult } from "../probe.js";
import { PACKAGE } from "./backend.js";
import { ADDON, BUILDS_DIR, type BuildRecord, currentPath, readBuild, recordPath } from "./builds.js";
import { compileAddon, findToolchain, SOURCES, type Toolchain } from "./compile.js";
import { installWheel, parseWheel, type Wheel } from "./wheel.js";

export interface BuildTensorflowOptions {
  /** A package of PyPI, or a .whl file. @default tensorflow[and-cuda] where NVIDIA's driver is, else tensorflow-cpu */
  readonly wheel?: string | undefined;
  /** @default python3 */
  readonly python?: string | undefined;
  /** Folder of all builds. @default .build/tensorflow of the project, the only one where the executor looks */
  readonly dir?: string | undefined;
  /** Compile again what is there. */
  readonly force?: boolean | undefined;
  /** Receives a line for each step that takes time. */
  readonly log?: ((line: string) => void) | undefined;
  /** Ends the compiler, the check or the step that runs; what was built stays for the next call. */
  readonly signal?: AbortSignal | undefined;
}

/** What a build did, and the check of its addon. */
export interface BuiltTensorflow extends ProbeResult {
  readonly name: "tensorflow";
  readonly folder: string;
  readonly wheel: string;
  /** TensorFlow's own version. */
  readonly version: string;
  readonly usesGpu: boolean;
  /** What was there already. */
  readonly reused: { readonly wheel: boolean; readonly addon: boolean };
  readonly seconds: { readonly wheel: number; readonly compile: number; readonly check: number };
}

type Check = ProbeResult & Pick<BuiltTensorflow, "version" | "usesGpu">;

async function requireTools(): Promise<{ toolchain: Toolchain; packageDir: string }> {
  if (process.platform !== "linux") {
    throw new UnsupportedError(
      `TensorFlow's addon can be built on Linux, and this is ${process.platform}: use onnx-cpu or webgpu here`,
    );
  }
  const packageDir = findPackageDir(PACKAGE);
  const { toolchain, missing } = await findToolchain();
  const absent = packageDir ? missing : [`the package ${PACKAGE} with the addon's sources: npm ci`, ...missing];
  if (toolchain && packageDir) return { toolchain, packageDir };
  throw new UnsupportedError(
    `TensorFlow's addon cannot be built; missing:\n${absent.map((line) => `  ${line}`).join("\n")}`,
  );
}

/** One build at a time in a folder; the lock of a process that has ended is taken over. */
async function underLock<T>(dir: string, work: () => Promise<T>): Promise<T> {
  await makeFolder(dir);
  const refusal = (who: string) =>
    new UnsupportedError(`${who} is building in ${dir}: wait for it, then run this again`);
  const release = await holdLock(join(dir, "lock"), { patienceMilliseconds: 0, refusal });
  try {
    return await work();
  } finally {
    release();
  }
}

/** Loads the addon in a process of its own, which may crash, and checks its gradients. Throws UnsupportedError. */
async function checkBuild(wheelDir: string, wheel: Wheel, signal: AbortSignal | undefined): Promise<Check> {
  const child = fileURLToPath(new URL("check-child.js", import.meta.url));
  const { code, output } = await runToEnd(process.execPath, [child, wheelDir, wheel.requirement], { signal });
  const line = output.split("\n").find((text) => text.startsWith('{"version"'));
  if (code !== 0 || !line) {
    throw new UnsupportedError(
      `the addon built with ${wheel.requirement} does not run; --force compiles it again:\n${lastLines(output)}`,
    );
  }
  const check = JSON.parse(line) as Check;
  if (check.gradientError <= GRADIENT_TOLERANCE) return check;
  throw new UnsupportedError(
    `the addon built with ${wheel.requirement} gives gradients that are wrong by ${check.gradientError}`,
  );
}

/** Hash of what decides the addon's bytes. */
async function keyOf(packageDir: string, wheel: Wheel, { compiler }: Toolchain): Promise<string> {
  const version = (await runToEnd(compiler, ["--version"])).output;
  const sources = await Promise.all(SOURCES.map((source) => readFile(join(packageDir, source))));
  return hashOf({
    wheel: wheel.requirement,
    compiler: version,
    node: process.versions.modules,
    sources: sources.map(sha256),
  });
}

const seconds = (from: number): number => (performance.now() - from) / 1000;

/**
 * Build the native part of @tensorflow/tfjs-node-gpu from its packaged sources against a TensorFlow wheel, check it, and make it
 * the one that the executor `tensorflow` takes. Each wheel has its own folder, and the pointer to it changes last: until then, and
 * when anything fails, the build before stays in use. What was done is not done again. Throws UnsupportedError, ConfigError and StoreError that say
 * what is missing and how to get it.
 */
export async function buildTensorflow(options: BuildTensorflowOptions = {}): Promise<BuiltTensorflow> {
  const { python = "python3", dir = BUILDS_DIR, force = false, log = () => {}, signal } = options;
  const wheel = parseWheel(options.wheel);
  const { toolchain, packageDir } = await requireTools();
  const wheelDir = join(dir, wheel.name);
  return underLock(dir, async () => {
    let from = performance.now();
    const { tensorflow, reused } = await installWheel(wheel, wheelDir, { python, log, signal });
    const wheelSeconds = seconds(from);

    signal?.throwIfAborted();
    from = performance.now();
    const key = await keyOf(packageDir, wheel, toolchain);
    const isCompiled = !force && reused && readBuild(wheelDir)?.key === key;
    if (!isCompiled) {
      log(`compiling the addon with ${toolchain.compiler}`);
      await compileAddon(toolchain, packageDir, tensorflow, join(wheelDir, ADDON), { signal });
    }
    const compileSeconds = seconds(from);

    signal?.throwIfAborted();
    from = performance.now();
    log("checking its gradients");
    const check = await checkBuild(wheelDir, wheel, signal);
    const record: BuildRecord = { wheel: wheel.requirement, version: check.version, usesGpu: check.usesGpu, key };
    await writeFileAtomic(recordPath(wheelDir), `${JSON.stringify(record, null, 2)}\n`);
    await writeFileAtomic(currentPath(dir), `${wheel.name}\n`);
    return {
      name: "tensorflow",
      folder: wheelDir,
      wheel: wheel.requirement,
      ...check,
      reused: { wheel: reused, addon: isCompiled },
      seconds: { wheel: wheelSeconds, compile: compileSeconds, check: seconds(from) },
    };
  });
}
