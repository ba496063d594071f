/** The processes of one test file, found in /proc, for a file that has to be stopped; finds nothing on other systems. */
import { readdirSync, readFileSync } from "node:fs";

/** In the environment of whatever a test file starts: the process of the file. Set by measure.ts. */
export const FILE_PROCESS_VARIABLE = "ICTAL_TEST_PROCESS";

function read(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, "utf8");
  } catch {
    return ""; // it has ended, or is another user's
  }
}

function processes(): number[] {
  try {
    return readdirSync("/proc").map(Number).filter(Number.isSafeInteger);
  } catch {
    return [];
  }
}

const parentOf = (pid: number): number => Number(/^PPid:\s+(\d+)/m.exec(read(pid, "status"))?.[1] ?? 0);

/** The children of this process that run `file`. */
function runsOf(file: string, all: readonly number[]): number[] {
  return all.filter((pid) => parentOf(pid) === process.pid && read(pid, "cmdline").split("\0").includes(file));
}

/** The processes below `pid`, those included that their parents have left behind. */
function below(pid: number, all: readonly number[]): number[] {
  const mark = `${FILE_PROCESS_VARIABLE}=${pid}`;
  const marked = all.filter((each) => each !== pid && read(each, "environ").split("\0").includes(mark));
  const found = new Set(marked);
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const each of all) if (parentOf(each) === pid || found.has(parentOf(each))) found.add(each);
  }
  return [...found];
}

/** End the test file `file`, which this process runs, and every process that it has started, at once. */
export function endFile(file: string): void {
  const all = processes();
  for (const pid of runsOf(file, all))
    for (const each of [pid, ...below(pid, all)])
      try {
        process.kill(each, "SIGKILL");
      } catch {} // it was faster
}
