// What the kernels do before their first cell: find the compiled project, and end with the program that started them.
import { Worker } from "node:worker_threads";

export { ensureBuilt, project } from "../src/cli/ensure-built.mjs";

const WATCHER = `
const { workerData } = require("node:worker_threads");
const gone = (pid) => { try { process.kill(pid, 0); return false; } catch (error) { return error.code === "ESRCH"; } };
setInterval(() => {
  if (process.ppid !== workerData.parent || (workerData.starter > 1 && gone(workerData.starter))) process.kill(process.pid, "SIGKILL");
}, 1000);`;

/** Ends this process within a second or so of its parent's death, even while a cell keeps the main thread busy. */
export function followParent() {
  const starter = Number(process.env.JPY_PARENT_PID ?? 0); // set by Jupyter and by our runner
  new Worker(WATCHER, { eval: true, workerData: { parent: process.ppid, starter } }).unref();
}

/** Drops the one warning that Node prints for require() of an ES module, which is how tslab imports; keeps all others. */
export function quietRequireOfModules() {
  const emitWarning = process.emitWarning;
  process.emitWarning = (warning, ...rest) => {
    const type = typeof rest[0] === "object" ? rest[0]?.type : rest[0];
    if (type === "ExperimentalWarning" && /require\(\)/.test(String(warning))) return;
    emitWarning.call(process, warning, ...rest);
  };
}
