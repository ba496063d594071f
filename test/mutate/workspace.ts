/** A copy of the project whose compiled modules may be changed. */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
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
const LEFT_OUT = new Set([COPIED, ".git", "results", "data", "cache"]);

/** A copy of `project` in the temporary folder. */
export function openWorkspace(project: string): Workspace {
  const root = mkdtempSync(join(tmpdir(), "ictal-mutants-"));
  cpSync(join(project, COPIED), join(root, COPIED), { recursive: true, preserveTimestamps: true });
  for (const name of readdirSync(project)) if (!LEFT_OUT.has(name)) symlinkSync(join(project, name), join(root, name));
  const remove = () => rmSync(root, { recursive: true, force: true });
  process.once("exit", remove); // also of a run that was stopped
  return {
    async withModule(file, text, work) {
      const path = join(root, COPIED, "src", file);
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
