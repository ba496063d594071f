/** Runs sandboxes one after another or in parallel until the work is done. */
import { setTimeout as sleep } from "node:timers/promises";
import { onAbort } from "@ictal/base/on-abort";
import { type Cloud, ModalError, type Sandbox, type SandboxSpec, TIME_LIMIT_EXIT } from "./cloud.js";
import { cacheSandbox, manifestSandbox, type RemoteRun, trainSandbox } from "./sandboxes.js";

/** Who hears of a run, and what ends it. */
export interface RunOptions {
  /** Output of the sandboxes as it arrives; `name` is the sandbox. */
  readonly onOutput?: ((name: string, text: string) => void) | undefined;
  readonly onNote?: ((text: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How a sandbox ended. */
interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly id: string;
}

/** Report of `ictal train --json`, as far as it matters here. */
export interface RemoteTrainReport {
  readonly steps: number;
  readonly totalSteps: number;
  readonly stopped: string;
  readonly [field: string]: unknown;
}

export interface ModalTrainReport {
  /** Ids of the training sandboxes, in order. */
  readonly sandboxes: readonly string[];
  readonly train: RemoteTrainReport;
}

export interface ModalCacheReport {
  /** Ids by part, the last attempt of each. */
  readonly shards: readonly { readonly part: string; readonly sandbox: string; readonly attempts: number }[];
  readonly manifest: unknown;
}

/** Consecutive sandboxes that may end at their time limit without a report or without a training step. */
const MAX_IDLE_SANDBOXES = 2;
const SHARD_ATTEMPTS = 3;
/** Memory that ran out, or a machine that was taken away. */
const KILLED_EXIT = 137;
/** How long to wait for remaining output after the exit; a stream that hangs must not block the run. */
const LAST_OUTPUT_MILLISECONDS = 60_000;

async function readStream(stream: AsyncIterable<string>, each: (text: string) => void): Promise<void> {
  for await (const text of stream) each(text);
}

/** Follow a sandbox to its end; an abort stops it. */
async function follow(sandbox: Sandbox, name: string, { onOutput, signal }: RunOptions): Promise<Ended> {
  const remove = onAbort(signal, () => void sandbox.stop().catch(() => undefined)); // the wait below gives its exit code
  let stdout = "";
  try {
    const streams = Promise.all([
      readStream(sandbox.stdout, (text) => {
        stdout += text;
      }),
      readStream(sandbox.stderr, (text) => onOutput?.(name, text)),
    ]);
    streams.catch(() => undefined); // awaited below, once the exit code is known
    const exitCode = await sandbox.wait();
    const patience = new AbortController();
    await Promise.race([streams, sleep(LAST_OUTPUT_MILLISECONDS, undefined, { signal: patience.signal })]).finally(() =>
      patience.abort(),
    );
    signal?.throwIfAborted();
    return { exitCode, stdout, id: sandbox.id };
  } finally {
    remove();
  }
}

async function runSandbox(cloud: Cloud, spec: SandboxSpec, name: string, options: RunOptions): Promise<Ended> {
  options.signal?.throwIfAborted();
  const sandbox = await cloud.start(spec, { signal: options.signal });
  options.onNote?.(`${name}: sandbox ${sandbox.id}`);
  return follow(sandbox, name, options);
}

function failed(name: string, { exitCode, id }: Ended): ModalError {
  return new ModalError(
    `${name} ended with exit code ${exitCode} in sandbox ${id}; its output is above and in: ictal modal logs ${id}`,
  );
}

function reportOf({ stdout }: Ended): unknown {
  try {
    return JSON.parse(stdout);
  } catch {
    return undefined;
  }
}

const isTrainReport = (value: unknown): value is RemoteTrainReport =>
  typeof value === "object" && value !== null && "stopped" in value && "steps" in value;

/** Reasons for a stop after which training does not continue. */
const ENDS = new Set(["finished", "no-improvement", "max-steps"]);

/**
 * Train until done: a sandbox that reaches its time limit leaves a checkpoint, and the next one resumes. ModalError when
 * training fails, or when two sandboxes in a row bring it no step further.
 */
export async function modalTrain(
  cloud: Cloud,
  run: RemoteRun,
  options: RunOptions & { readonly resume?: boolean | undefined } = {},
): Promise<ModalTrainReport> {
  const sandboxes: string[] = [];
  let steps = -1;
  let idleSandboxes = 0;
  for (;;) {
    const name = `train ${sandboxes.length + 1}`;
    const ended = await runSandbox(cloud, trainSandbox(run, options.resume || sandboxes.length > 0), name, options);
    sandboxes.push(ended.id);
    const report = reportOf(ended);
    const train = isTrainReport(report) ? report : undefined;
    if (train && ended.exitCode === 0 && ENDS.has(train.stopped)) return { sandboxes, train };
    const isCutOff = ended.exitCode === TIME_LIMIT_EXIT || ended.exitCode === KILLED_EXIT;
    if (!isCutOff && train?.stopped !== "max-hours") throw failed(name, ended);
    idleSandboxes = train && train.steps > steps ? 0 : idleSandboxes + 1;
    steps = train?.steps ?? steps;
    if (idleSandboxes === MAX_IDLE_SANDBOXES)
      throw new ModalError(
        `${MAX_IDLE_SANDBOXES} sandboxes in a row ended without a report of a further step (last: ${ended.id}, exit code ${ended.exitCode}); see ictal modal logs ${ended.id}, lower training.max_hours, and continue with --resume`,
      );
    options.onNote?.(
      `${name} ended ${train ? `at step ${train.steps} of ${train.totalSteps}` : "at its limit"}; the next sandbox resumes`,
    );
  }
}

/** One part of the cache: at its limit or killed it is tried again, and what was built is reused. */
async function buildShard(cloud: Cloud, run: RemoteRun, index: number, count: number, options: RunOptions) {
  const part = `${index}/${count}`;
  for (let attempt = 1; ; attempt++) {
    const ended = await runSandbox(cloud, cacheSandbox(run, { index, count }), `cache ${part}`, options);
    if (ended.exitCode === 0) return { part, sandbox: ended.id, attempts: attempt };
    const isCutOff = ended.exitCode === TIME_LIMIT_EXIT || ended.exitCode === KILLED_EXIT;
    if (!isCutOff || attempt === SHARD_ATTEMPTS) throw failed(`cache ${part}`, ended);
    options.onNote?.(
      `cache ${part} ended with exit code ${ended.exitCode}; retried; recordings that are built are kept`,
    );
  }
}

/** Build the cache, one sandbox per part side by side, then its manifest. A part that fails does not stop the others. */
export async function modalCache(
  cloud: Cloud,
  run: RemoteRun,
  options: RunOptions & { readonly shards: number },
): Promise<ModalCacheReport> {
  const { shards: count } = options;
  const built = await Promise.allSettled(
    Array.from({ length: count }, (_, index) => buildShard(cloud, run, index, count, options)),
  );
  const shards = built.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const reasons = built.flatMap((each) => (each.status === "rejected" ? [each.reason as unknown] : []));
  options.signal?.throwIfAborted();
  if (reasons.length === 1 || (reasons.length > 0 && count === 1)) throw reasons[0];
  if (reasons.length > 0) {
    const texts = reasons.map((reason) => (reason instanceof Error ? reason.message : String(reason)));
    throw new ModalError(
      `${reasons.length} of ${count} parts failed; recordings that are built are kept:\n${texts.join("\n")}`,
    );
  }
  const ended = await runSandbox(cloud, manifestSandbox(run), "manifest", options);
  if (ended.exitCode !== 0) throw failed("manifest", ended);
  return { shards, manifest: reportOf(ended) };
}
