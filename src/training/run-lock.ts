/** One training at a time in a run's folder: two would remove each other's checkpoints and mix their logs. */
import { readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { explainWriteError } from "../base/atomic-file.js";
import { CacheError } from "../base/errors.js";
import { makeFolder } from "../base/make-folder.js";
import { isAlive } from "../base/process-alive.js";

export const LOCK_FILE = "run.lock";
const BEAT_MILLISECONDS = 5000;
const POLL_MILLISECONDS = 500;

export interface LockOptions {
  /** Told once when a holder has to be waited for. */
  readonly onWait?: (text: string) => void;
  readonly signal?: AbortSignal;
  /** How long a living process of this machine may take to end; the training of a killed command ends by itself. @default 10 s */
  readonly patienceMilliseconds?: number;
  /** How long another machine's lock must stand still to count as left behind. @default 60 s */
  readonly staleMilliseconds?: number;
}

interface Holder {
  readonly host: string;
  readonly pid: number;
  readonly since: string;
  /** Time of its last beat. */
  readonly beat: number;
}

/** Who holds the lock; undefined when nobody does, "unread" while it is being written or when it is damaged. */
async function holderOf(path: string): Promise<Holder | "unread" | undefined> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(path, "utf8"), stat(path)]);
    const { host, pid, since } = JSON.parse(text) as Partial<Holder>;
    if (typeof host !== "string" || typeof pid !== "number") return "unread";
    return { host, pid, since: since ?? "", beat: mtimeMs };
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? undefined : "unread";
  }
}

/** Create the lock; false when it is there already. */
async function create(path: string): Promise<boolean> {
  const holder = { host: hostname(), pid: process.pid, since: new Date().toISOString() };
  try {
    await writeFile(path, `${JSON.stringify(holder)}\n`, { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    await rm(path, { force: true }); // a full disk leaves it empty
    throw explainWriteError(error, path);
  }
}

const isGone = (holder: Holder): boolean =>
  holder.host === hostname() && (holder.pid === process.pid || !isAlive(holder.pid)); // own id: a container's earlier life

/** Whether a training other than the process `own` of this machine is at work in a run's folder, as far as its lock tells. */
export async function isHeldByOther(runDir: string, own: number | undefined): Promise<boolean> {
  const holder = await holderOf(join(runDir, LOCK_FILE));
  if (holder === undefined || holder === "unread") return holder === "unread";
  return !isGone(holder) && !(holder.host === hostname() && holder.pid === own);
}

/** Wait until the lock is free or left behind; throws a CacheError when its holder lives on. */
async function outwait(path: string, runDir: string, options: LockOptions): Promise<void> {
  const { onWait, signal, patienceMilliseconds = 10_000, staleMilliseconds = 60_000 } = options;
  const begun = Date.now();
  let seen = "";
  let changed = begun;
  for (let isTold = false; ; await sleep(POLL_MILLISECONDS, undefined, { signal })) {
    const now = await holderOf(path);
    if (now === undefined) return;
    const hasChanged = JSON.stringify(now) !== seen;
    const isBeating = hasChanged && seen !== "";
    if (hasChanged) changed = Date.now();
    seen = JSON.stringify(now);
    const still = Date.now() - changed;
    if (now === "unread" ? still >= 2000 : isGone(now) || (now.host !== hostname() && still >= staleMilliseconds))
      return rm(path, { force: true });
    if (now === "unread") continue;
    const who = `process ${now.pid} on ${now.host} since ${now.since}`;
    if (now.host === hostname() ? Date.now() - begun >= patienceMilliseconds : isBeating)
      throw new CacheError(
        `another training is at work in ${runDir}: ${who}; wait for it, stop it, or choose another experiment.output_dir`,
        { found: who, expected: `no ${LOCK_FILE}` },
      );
    if (!isTold) onWait?.(`${runDir} is held by ${who}; waiting for a sign of life or its end`);
    isTold = true;
  }
}

/**
 * Hold the folder of a run, made where it is missing, until the returned function is called. The lock of a process that
 * is gone is taken over. Throws a CacheError while another training is at work there, and the signal's reason when stopped.
 */
export async function lockRun(runDir: string, options: LockOptions = {}): Promise<() => Promise<void>> {
  const path = join(runDir, LOCK_FILE);
  await makeFolder(runDir).catch((error: unknown) => {
    throw explainWriteError(error, runDir);
  });
  while (!(await create(path))) await outwait(path, runDir, options);
  const timer = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined);
  }, BEAT_MILLISECONDS);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await rm(path, { force: true });
  };
}
