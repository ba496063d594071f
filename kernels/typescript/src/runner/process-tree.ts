import { readdir, readFile } from "node:fs/promises";

/** What a process and everything below it have used. */
export interface TreeUsage {
  /** User and system time in seconds, ended children included. */
  readonly cpuSeconds: number;
  /** Resident memory in bytes; pages that processes share count for each. */
  readonly residentBytes: number;
  readonly processes: number;
}

const TICKS_PER_SECOND = 100; // USER_HZ, the same on every Linux

const readProc = (path: string): Promise<string> => readFile(`/proc/${path}`, "utf8").catch(() => ""); // it may have ended

async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(threads.map((thread) => readProc(`${pid}/task/${thread}/children`)));
  return lists.flatMap((list) => list.split(" ").filter(Boolean).map(Number));
}

/** Ids of `root` and of all processes below it; only `root` where /proc is not available. */
export async function processTree(root: number): Promise<number[]> {
  const found = [root];
  for (const pid of found) found.push(...(await childrenOf(pid)));
  return found;
}

/** Ids of this user's processes that were started with `NAME=value` in their environment, wherever they hang now. */
export async function processesWithVariable(name: string, value: string): Promise<number[]> {
  const entries = await readdir("/proc").catch(() => []);
  const wanted = `${name}=${value}`;
  const marked = await Promise.all(
    entries
      .filter((entry) => /^\d+$/.test(entry))
      .map(async (entry) => ((await readProc(`${entry}/environ`)).split("\0").includes(wanted) ? Number(entry) : 0)),
  );
  return marked.filter((pid) => pid > 0 && pid !== process.pid);
}

/** Sums of what the tree below `root` has used; undefined where /proc is not available or `root` has ended. */
export async function treeUsage(root: number): Promise<TreeUsage | undefined> {
  let ticks = 0;
  let residentBytes = 0;
  let processes = 0;
  for (const pid of await processTree(root)) {
    const [stat, status] = await Promise.all([readProc(`${pid}/stat`), readProc(`${pid}/status`)]);
    if (stat === "") continue;
    // After the name in parentheses: state is field 3; utime, stime, cutime, cstime are 14 to 17.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    for (const field of fields.slice(11, 15)) ticks += Number(field);
    residentBytes += Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
    processes += 1;
  }
  return processes === 0 ? undefined : { cpuSeconds: ticks / TICKS_PER_SECOND, residentBytes, processes };
}
