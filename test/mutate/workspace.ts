/** A copy of the project whose compiled modules may be changed. */
import { spawn } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** How a test file ended. */
export type TestEnd = "passed" | "failed" | "timeout";

export interface Workspace {
  /** Run `work` with another text in the compiled module `file`, such as `cache/reuse.js`. */
  withModule<T>(file: string, text: string, work: () => Promise<T>): Promise<T>;
  /** Run a test file, such as `cache/build.test.ts`, for at most `seconds`. */
  runTest(name: string, seconds: number): Promise<TestEnd>;
  remove(): void;
}

/** What is copied; the rest of the project is linked. */
const COPIED = "dist";
const LEFT_OUT = new Set([COPIED, "kernels", "node_modules", ".git", "results", "data", "cache"]);

/** Folder of the compiled modules of the package `@ictal/base`, which has the layer `base` of both packages. */
const BASE_PACKAGE = "kernels/base";

/** Where the compiled module `file`, such as `cache/reuse.js`, lies in `project`: in its own or in the base package. */
export function modulePath(project: string, file: string): string {
  const own = join(project, COPIED, "src", file);
  const [layer, ...rest] = file.split("/");
  return layer === "base" && !existsSync(own) ? join(project, BASE_PACKAGE, COPIED, ...rest) : own;
}

const linkAll = (from: string, to: string, except: ReadonlySet<string>): void => {
  for (const name of readdirSync(from)) if (!except.has(name)) symlinkSync(join(from, name), join(to, name));
};

/** A copy of `project` in the temporary folder. */
export function openWorkspace(project: string): Workspace {
  const root = mkdtempSync(join(tmpdir(), "ictal-mutants-"));
  for (const part of [COPIED, BASE_PACKAGE])
    cpSync(join(project, part), join(root, part), { recursive: true, preserveTimestamps: true });
  linkAll(project, root, LEFT_OUT);
  linkAll(join(project, "kernels"), join(root, "kernels"), new Set(["base"]));
  const packages = join(root, "node_modules/@ictal");
  mkdirSync(packages, { recursive: true });
  linkAll(join(project, "node_modules"), join(root, "node_modules"), new Set(["@ictal"]));
  for (const [name, folder] of Object.entries({ base: "base", jupyter: "typescript" }))
    symlinkSync(join(root, "kernels", folder), join(packages, name));
  const remove = () => rmSync(root, { recursive: true, force: true });
  process.once("exit", remove); // also of a run that was stopped
  return {
    async withModule(file, text, work) {
      const path = modulePath(root, file);
      const before = readFileSync(path);
      writeFileSync(path, text);
      try {
        return await work();
      } finally {
        writeFileSync(path, before);
      }
    },
    runTest: (name, seconds) => runTest(root, join(COPIED, "test", name.replace(/\.ts$/, ".js")), seconds),
    remove,
  };
}

/** Groups of tests that run; what ends this process ends them. */
const groups = new Set<number>();
process.on("exit", () => groups.forEach(killGroup));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

const FAILURE = /^ *not ok (?!.*# (TODO|SKIP))/m;

/** Runs a file and, after its first failure or its time, ends it with all that it started. */
function runTest(cwd: string, file: string, seconds: number): Promise<TestEnd> {
  const child = spawn(process.execPath, ["--test-reporter=tap", file], {
    cwd,
    stdio: ["ignore", "pipe", "ignore"],
    detached: true,
  });
  const { pid } = child;
  if (pid !== undefined) groups.add(pid);
  return new Promise((done, fail) => {
    let isLate = false;
    let line = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      line += text;
      if (FAILURE.test(line)) killGroup(pid);
      line = line.slice(line.lastIndexOf("\n") + 1);
    });
    const timer = setTimeout(() => {
      isLate = true;
      killGroup(pid);
    }, seconds * 1000);
    child.once("error", fail);
    child.once("exit", (code) => {
      clearTimeout(timer);
      killGroup(pid); // a failed test may leave processes
      if (pid !== undefined) groups.delete(pid);
      done(isLate ? "timeout" : code === 0 ? "passed" : "failed");
    });
  });
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {} // all of it has ended
}
