/** Monitoring of a run: a heartbeat file and metrics while it runs, a webhook call at its end. */
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { removeStaleTemporaryFiles, writeFileAtomic } from "@ictal/base/atomic-file";
import { notify } from "@ictal/base/printable";
import type { Progress } from "@ictal/base/progress";
import { type HeartbeatTimer, startHeartbeatTimer } from "../heartbeat.js";
import { jobNameFrom } from "../shard-index.js";
import { metricsText, type Numbers } from "./metrics-text.js";
import { redact } from "./redact.js";
import { postWebhook, type WebhookOptions, webhookAddress } from "./webhook.js";

export const HEARTBEAT_FILE = "heartbeat.json";
/** Environment variable: folder in which every long-running command writes its heartbeat and metrics. */
export const WATCH_DIR_VARIABLE = "ICTAL_WATCH_DIR";
const HEARTBEAT_MILLISECONDS = 5000;
const SHORT_PAUSES = [1000];

/** State of a run; "running" with an old `updatedAt` means that it was killed. */
export interface Heartbeat {
  readonly verb: string;
  readonly name: string;
  readonly state: "running" | "done" | "failed" | "interrupted";
  readonly host: string;
  readonly pid: number;
  /** The scheduler's name of the job, where there is one. */
  readonly job?: string;
  readonly startedAt: string;
  readonly updatedAt: string;
  /** Time of the last progress report; null before the first. */
  readonly progressAt: string | null;
  readonly seconds: number;
  /** Resident memory of this process. */
  readonly memoryMegabytes: number;
  readonly progress: Numbers;
  /** At the end. */
  readonly exitCode?: number;
  readonly message?: string;
}

/** Payload of the webhook. */
export interface EndMessage extends Omit<Heartbeat, "progress" | "updatedAt" | "progressAt"> {
  readonly endedAt: string;
  /** Numbers and texts of the document that the verb prints. */
  readonly result: Readonly<Record<string, unknown>>;
  /** One line for chats: Slack, Mattermost and Teams read `text`, Discord `content`. */
  readonly text: string;
  readonly content: string;
}

/** How a run ended. */
export interface RunEnd {
  readonly exitCode: number;
  readonly message?: string | undefined;
  readonly result?: unknown | undefined;
}

/** Folder that a run writes to. */
export interface RunFolder {
  readonly path: string;
  /** False while another run uses the folder: then nothing is written, here or elsewhere. @default always true */
  readonly isOurs?: (() => Promise<boolean>) | undefined;
}

export interface RunWatch {
  /** Names the run and starts the heartbeat, which is also written to `folder` if given. */
  begin(name: string, folder?: RunFolder): Promise<void>;
  update(progress: Numbers): void;
  /** A progress reporter that also updates this watch. */
  follow(progress: Progress): Progress;
  /** Writes the last heartbeat, then calls the webhook. Never throws. */
  end(end: RunEnd): Promise<void>;
}

export interface WatchOptions {
  /** @default process.env */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Called with what could not be written or sent. @default writes to standard error */
  readonly warn?: ((text: string) => void) | undefined;
  readonly webhook?: WebhookOptions | undefined;
}

function stateOf(exitCode: number): Heartbeat["state"] {
  if (exitCode === 0) return "done";
  return exitCode === 130 || exitCode === 143 ? "interrupted" : "failed";
}

function scalarsOf(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).filter(([, member]) => ["string", "number", "boolean"].includes(typeof member)),
  );
}

class Watch implements RunWatch {
  #name = "";
  #isOurs: () => Promise<boolean> = async () => true;
  #isCleared = false;
  #paths: string[] = [];
  #metrics: string | undefined;
  #timer: HeartbeatTimer | undefined;
  #progress: Numbers = {};
  #progressAt: string | null = null;
  readonly #started = Date.now();
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #warn: (text: string) => void;
  readonly #address: URL | undefined;

  constructor(
    readonly verb: string,
    readonly options: WatchOptions,
  ) {
    this.#environment = options.environment ?? process.env;
    this.#warn = options.warn ?? ((text) => notify(`ictal: ${text}`));
    this.#address = webhookAddress(this.#environment);
  }

  async begin(name: string, folder?: RunFolder): Promise<void> {
    this.#name = name;
    if (folder?.isOurs) this.#isOurs = folder.isOurs;
    const shared = this.#environment[WATCH_DIR_VARIABLE];
    const file = `${this.verb} ${name}`.replace(/[^\w.-]+/g, "-");
    if (folder !== undefined) this.#paths.push(join(resolve(folder.path), HEARTBEAT_FILE));
    if (shared) this.#paths.push(join(resolve(shared), `${file}.json`));
    if (shared) this.#metrics = join(resolve(shared), `${file}.prom`);
    if (this.#paths.length === 0) return;
    const write = () => this.#write(this.#heartbeat());
    await write().catch((error: Error) =>
      this.#warn(`the heartbeat cannot be written: ${error.message}; the run continues`),
    );
    this.#timer = await startHeartbeatTimer(
      async () => void (await write().catch(() => undefined)),
      HEARTBEAT_MILLISECONDS,
    );
  }

  update(progress: Numbers): void {
    this.#progress = { ...this.#progress, ...progress };
    this.#progressAt = new Date().toISOString();
  }

  follow(progress: Progress): Progress {
    return {
      update: (update) => {
        this.update({ done: update.done, ...(update.total === undefined ? {} : { total: update.total }) });
        progress.update(update);
      },
      finish: (note) => progress.finish(note),
    };
  }

  async end(end: RunEnd): Promise<void> {
    await this.#timer?.stop();
    const reported = { ...end, ...(end.message ? { message: redact(end.message, this.#environment) } : {}) };
    await this.#write(this.#heartbeat(reported)).catch((error: Error) =>
      this.#warn(`the last heartbeat cannot be written: ${error.message}`),
    );
    if (!this.#address) return;
    const isInterrupted = stateOf(end.exitCode) === "interrupted"; // a user who interrupts does not wait for long
    const refused = await postWebhook(this.#address, this.#endMessage(reported), {
      ...(isInterrupted ? { pausesMilliseconds: SHORT_PAUSES, timeoutMilliseconds: 3000 } : {}),
      ...this.options.webhook,
    });
    if (refused) this.#warn(refused);
  }

  #heartbeat(end?: RunEnd): Heartbeat {
    const now = Date.now();
    const job = jobNameFrom(this.#environment);
    return {
      verb: this.verb,
      name: this.#name,
      state: end ? stateOf(end.exitCode) : "running",
      host: hostname(),
      pid: process.pid,
      ...(job ? { job } : {}),
      startedAt: new Date(this.#started).toISOString(),
      updatedAt: new Date(now).toISOString(),
      progressAt: this.#progressAt,
      seconds: (now - this.#started) / 1000,
      memoryMegabytes: Math.round(process.memoryUsage.rss() / 1e6),
      progress: this.#progress,
      ...(end ? { exitCode: end.exitCode } : {}),
      ...(end?.message ? { message: end.message } : {}),
    };
  }

  #endMessage(end: RunEnd): EndMessage {
    const { progress: _, updatedAt, progressAt: __, ...rest } = this.#heartbeat(end);
    const { verb, name, state, host, seconds, message } = rest;
    const reason = message ? `: ${message.split("\n")[0]}` : "";
    const text = `ictal ${verb}${name ? ` ${name}` : ""} ${state} on ${host} after ${Math.round(seconds)} s${reason}`;
    return { ...rest, endedAt: updatedAt, result: scalarsOf(end.result), text, content: text };
  }

  async #write(heartbeat: Heartbeat): Promise<void> {
    if (!(await this.#isOurs())) return;
    if (!this.#isCleared)
      for (const path of [...this.#paths, ...(this.#metrics ? [this.#metrics] : [])])
        await removeStaleTemporaryFiles(path);
    this.#isCleared = true;
    const text = `${JSON.stringify(heartbeat, null, 2)}\n`;
    for (const path of this.#paths) await writeFileAtomic(path, text);
    if (this.#metrics) await writeFileAtomic(this.#metrics, this.#metricsOf(heartbeat));
  }

  #metricsOf({
    verb,
    name,
    host,
    state,
    startedAt,
    updatedAt,
    memoryMegabytes,
    exitCode,
    progress,
  }: Heartbeat): string {
    const numbers = {
      up: state === "running" ? 1 : 0,
      heartbeatTimestampSeconds: Date.parse(updatedAt) / 1000,
      startTimestampSeconds: Date.parse(startedAt) / 1000,
      memoryMegabytes,
      ...(exitCode === undefined ? {} : { exitCode }),
      ...progress,
    };
    return metricsText(numbers, { verb, run: name, host });
  }
}

/**
 * Monitors one run of a command. ICTAL_WEBHOOK is the URL that is called at its end, ICTAL_WATCH_DIR a folder for heartbeats
 * and metrics. Throws a ConfigError when ICTAL_WEBHOOK is not a URL.
 */
export function watchRun(verb: string, options: WatchOptions = {}): RunWatch {
  return new Watch(verb, options);
}
