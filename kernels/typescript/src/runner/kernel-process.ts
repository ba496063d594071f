import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Kernelspec } from "../kernelspec.js";
import { type ConnectionInfo, createConnection, writeConnectionFile } from "../wire/connection.js";
import { processesWithVariable, processTree, type TreeUsage, treeUsage } from "./process-tree.js";

const STDERR_TAIL_CHARACTERS = 8192;
/** Variable that every process below a kernel inherits: what left the kernel's group and tree is found by it. */
const MARK = "ICTAL_KERNEL_ID";
const KILL_POLL_MILLISECONDS = 25;

/** How a kernel process ended. */
export interface KernelExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running kernel process, leader of its own process group. */
export interface KernelProcess {
  readonly pid: number;
  readonly connection: ConnectionInfo;
  /** Resolves when the process is gone; never rejects. */
  readonly exited: Promise<KernelExit>;
  /** The exit once it happened. */
  readonly exit: KernelExit | undefined;
  /** The end of what the process itself wrote to stderr, outside the protocol. */
  stderrTail(): string;
  /** Starts a new count of the peak memory; true when the system can. */
  resetPeakMemory(): Promise<boolean>;
  /** Peak resident memory in bytes since the last reset; undefined where /proc is not available. */
  peakMemoryBytes(): Promise<number | undefined>;
  /** Processor time and memory of the kernel and everything below it; undefined where /proc is not available. */
  usage(): Promise<TreeUsage | undefined>;
  /** SIGINT to the kernel's process group, as Jupyter interrupts. */
  interrupt(): void;
  /**
   * Ends the kernel and everything that came out of it, processes that moved to a group of their own too: SIGTERM, then
   * SIGKILL after `graceMilliseconds`. Resolves when the kernel is gone.
   */
  kill(graceMilliseconds?: number): Promise<void>;
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // the process or group is gone already
  }
}

const signalGroup = (leader: number, signal: NodeJS.Signals): void => sendSignal(-leader, signal);

function startProcess(spec: Kernelspec, connectionFile: string, cwd: string, mark: string): ChildProcess {
  const [command, ...rest] = spec.argv.map((argument) =>
    argument.replaceAll("{connection_file}", connectionFile).replaceAll("{resource_dir}", spec.directory),
  );
  // JPY_PARENT_PID is how kernels learn whom to follow into death.
  const env = { ...process.env, ...spec.env, JPY_PARENT_PID: String(process.pid), [MARK]: mark };
  return spawn(command!, rest, { cwd, env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
}

/** Starts a kernel in the folder `cwd` on fresh local ports. An unstartable command shows as an immediate exit. */
export async function startKernelProcess(spec: Kernelspec, cwd: string): Promise<KernelProcess> {
  const folder = await mkdtemp(join(tmpdir(), "ictal-kernel-"));
  const connection = await createConnection(spec.name);
  const connectionFile = join(folder, "connection.json");
  await writeConnectionFile(connectionFile, connection);
  const mark = randomUUID();
  const child = startProcess(spec, connectionFile, cwd, mark);
  let tail = "";
  let exit: KernelExit | undefined;
  const keep = (chunk: Buffer) => {
    tail = (tail + chunk.toString()).slice(-STDERR_TAIL_CHARACTERS);
    if (process.env.ICTAL_DEBUG) process.stderr.write(chunk);
  };
  child.stderr?.on("data", keep);
  child.stdout?.on("data", (chunk: Buffer) => {
    if (process.env.ICTAL_DEBUG) process.stderr.write(chunk);
  });
  const exited = new Promise<KernelExit>((resolve) => {
    const end = (result: KernelExit) => {
      exit ??= result;
      void rm(folder, { recursive: true, force: true }).finally(() => resolve(exit!));
    };
    child.once("error", (error) => {
      tail += `${spec.argv[0]}: ${error.message}\n`;
      end({ code: null, signal: null });
    });
    child.once("exit", (code, signal) => end({ code, signal }));
  });
  const pid = child.pid ?? 0;
  return {
    pid,
    connection,
    exited,
    get exit() {
      return exit;
    },
    stderrTail: () => tail.trimEnd(),
    resetPeakMemory: () =>
      writeFile(`/proc/${pid}/clear_refs`, "5").then(
        () => true,
        () => false,
      ),
    async peakMemoryBytes() {
      const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
      const kibibytes = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1];
      return kibibytes === undefined ? undefined : Number(kibibytes) * 1024;
    },
    usage: () => treeUsage(pid),
    interrupt: () => signalGroup(pid, "SIGINT"),
    async kill(graceMilliseconds = 2000) {
      if (pid === 0) return;
      const below = exit ? [] : await processTree(pid);
      const left = () => processesWithVariable(MARK, mark);
      signalGroup(pid, "SIGTERM");
      for (const stray of new Set([...below, ...(await left())])) if (stray !== pid) sendSignal(stray, "SIGTERM");
      const deadline = performance.now() + graceMilliseconds;
      while ((!exit || (await left()).length > 0) && performance.now() < deadline) await sleep(KILL_POLL_MILLISECONDS);
      signalGroup(pid, "SIGKILL"); // also what the kernel left behind in its group
      for (const stray of await left()) sendSignal(stray, "SIGKILL");
      if (!exit) await exited;
    },
  };
}
