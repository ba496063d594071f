/*
 * Loaded before a test file: when its process ends, a line with its seconds and processor time, its ended children's
 * included, goes to the file that ICTAL_TEST_DURATIONS names. Processes that the tests start do not load it.
 */
import { appendFileSync, readFileSync } from "node:fs";
import { FILE_PROCESS_VARIABLE } from "./leftovers.js";

const { ICTAL_TEST_DURATIONS: log, ICTAL_TEST_NODE_OPTIONS: before } = process.env;

/** Ticks of a second in /proc. */
const TICKS = 100;

/** Processor seconds of the children that have ended, from /proc/self/stat (cutime and cstime); 0 on other systems. */
function childSeconds(): number {
  try {
    const stat = readFileSync("/proc/self/stat", "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[13]) + Number(fields[14])) / TICKS;
  } catch {
    return 0;
  }
}

// A worker thread loads this too, with an environment from which the main thread has taken the name.
if (log !== undefined) {
  delete process.env.ICTAL_TEST_DURATIONS;
  delete process.env.ICTAL_TEST_NODE_OPTIONS;
  if (before) process.env.NODE_OPTIONS = before;
  else delete process.env.NODE_OPTIONS;
  process.env[FILE_PROCESS_VARIABLE] = String(process.pid);
  process.on("exit", () => {
    const { user, system } = process.cpuUsage();
    const line = { file: process.argv[1], wall: process.uptime(), cpu: (user + system) / 1e6 + childSeconds() };
    appendFileSync(log, `${JSON.stringify(line)}\n`);
  });
}
