import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ConfigError, UnsupportedError } from "@ictal/base/errors";

const execute = promisify(execFile);

/** What ends a call. */
export interface SlurmCallOptions {
  /** Aborting ends the program. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Output of one of Slurm's programs. Throws a ConfigError where it is not installed, an UnsupportedError where it refuses, the
 * signal's reason when stopped.
 */
export async function slurmTool(
  program: string,
  args: readonly string[],
  { signal }: SlurmCallOptions = {},
): Promise<string> {
  signal?.throwIfAborted();
  try {
    return (await execute(program, [...args], { maxBuffer: 1 << 26, signal })).stdout;
  } catch (error) {
    signal?.throwIfAborted();
    const { code, stderr, message } = error as NodeJS.ErrnoException & { stderr?: string };
    if (code === "ENOENT")
      throw new ConfigError(
        `${program} was not found on the PATH; run this on a login node of a Slurm cluster, or only write the scripts with --dry-run`,
        { key: program },
        { cause: error },
      );
    const reported = (stderr ?? "").trim().split("\n").at(-1) || message;
    if (/configuration source|unable to contact slurm controller/i.test(reported))
      throw new ConfigError(
        `${program} cannot reach a Slurm cluster: ${reported.replace(/^\w+: \w+: /, "")}; run this on a login node (SLURM_CONF names another slurm.conf), or only write the scripts with --dry-run`,
        { key: program },
        { cause: error },
      );
    throw new UnsupportedError(`${program} refused: ${reported.replace(/^\w+: error: /, "")}`, { cause: error });
  }
}

/** Largest number of tasks in an array, of this cluster; the numbers of tasks stay below it. */
export async function maxArraySize(options: SlurmCallOptions = {}): Promise<number> {
  const text = await slurmTool("scontrol", ["show", "config"], options);
  return Math.max(1, Number(/^MaxArraySize\s*=\s*(\d+)/m.exec(text)?.[1] ?? 1001));
}

/** Throws a ConfigError that names the partitions when `partition` is none of them. */
export async function checkPartition(partition: string | undefined, options: SlurmCallOptions = {}): Promise<void> {
  if (partition === undefined) return;
  const text = await slurmTool("sinfo", ["--noheader", "--format=%R"], options);
  const known = text.split("\n").filter((name) => name !== "");
  const wrong = partition.split(",").find((name) => !known.includes(name));
  if (wrong === undefined) return;
  const allowed = [...new Set(known)].sort().join(", ");
  throw new ConfigError(`invalid --partition ${wrong}: this cluster has ${allowed || "none"}`, {
    key: "partition",
    value: wrong,
    allowed,
  });
}

/** A job in the queue. */
export interface QueuedJob {
  readonly id: string;
  readonly state: string;
  /** Why it is pending. */
  readonly reason: string;
}

/** Which jobs of `ids` are in the queue, one row per task of an array that has begun. */
export async function queuedJobs(ids: readonly string[], options: SlurmCallOptions = {}): Promise<QueuedJob[]> {
  if (ids.length === 0) return [];
  const wanted = new Set(ids);
  const text = await slurmTool("squeue", ["--noheader", "--format=%A|%F|%i|%T|%r"], options);
  return text.split("\n").flatMap((line) => {
    const [job = "", array = "", id = "", state = "", reason] = line.split("|");
    if (reason === undefined || !(wanted.has(job) || wanted.has(array))) return [];
    return [{ id, state, reason }];
  });
}
