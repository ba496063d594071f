import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";

const PATHS = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--hide-scrollbars",
  "--remote-debugging-pipe",
];

/** Where an installed Chromium lies, or undefined. */
export function chromiumPath(): string | undefined {
  return PATHS.find((path) => existsSync(path));
}

/** A message of the DevTools protocol: an answer (with id) or an event (with method). */
interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/** An event that the page sent: `Runtime.consoleAPICalled` and such. */
export interface PageEvent {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** One tab of a browser that was started for it. */
export interface Page {
  /** Every event since the start, in order. */
  readonly events: readonly PageEvent[];
  /** Sends a command of the DevTools protocol to the tab; rejects when the browser refuses it or has gone. */
  send<Result>(method: string, params?: object): Promise<Result>;
  /** The value of a JavaScript expression in the page; a promise is awaited; throws what the page throws. */
  evaluate<Value>(expression: string): Promise<Value>;
  /** Ends the browser by its process id and removes its profile. */
  close(): Promise<void>;
}

/** JSON messages ended by NUL over file descriptors 3 (to the browser) and 4 (from it). */
function connect(child: ChildProcess) {
  const input = child.stdio[3] as Writable; // "pipe" in spawn's stdio, as is 4
  const output = child.stdio[4] as Readable;
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  const events: PageEvent[] = [];
  let last = 0;
  let rest = "";
  const take = (text: string) => {
    const { id, method, params, result, error } = JSON.parse(text) as Message;
    if (id === undefined) return void events.push({ method: method!, params: params ?? {} });
    const call = waiting.get(id);
    waiting.delete(id);
    if (error) call?.reject(new Error(error.message));
    else call?.resolve(result as never);
  };
  output.setEncoding("utf8").on("data", (chunk: string) => {
    const parts = (rest + chunk).split("\0");
    rest = parts.pop()!;
    for (const part of parts) take(part);
  });
  const stop = (reason: string) => {
    for (const { reject } of waiting.values()) reject(new Error(reason));
    waiting.clear();
  };
  child.once("error", (error) => stop(error.message));
  child.once("exit", (code, signal) => stop(`the browser ended (${signal ?? code})`));
  input.on("error", (error) => stop(error.message));
  const send = <Result>(method: string, params: object = {}, sessionId?: string) =>
    new Promise<Result>((resolve, reject) => {
      last += 1;
      waiting.set(last, { resolve, reject });
      input.write(`${JSON.stringify({ id: last, method, params, sessionId })}\0`);
    });
  return { send, events };
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, "exit");
  process.kill(child.pid, "SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), 3000);
  await ended;
  clearTimeout(timer);
}

/**
 * Starts Chromium headless with a fresh profile and opens one tab, its network cut off before anything is loaded; with
 * `host` given, that one host can be reached and no other name or address.
 */
export async function openPage(executable: string, options: { host?: string } = {}): Promise<Page> {
  const profile = await mkdtemp(join(tmpdir(), "ictal-chromium-"));
  const rules = options.host ? [`--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE ${options.host}`] : [];
  const child = spawn(executable, [...FLAGS, ...rules, `--user-data-dir=${profile}`, "about:blank"], {
    stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
  });
  const close = async () => {
    await endProcess(child);
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  try {
    const { send: call, events } = connect(child);
    const { targetId } = await call<{ targetId: string }>("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await call<{ sessionId: string }>("Target.attachToTarget", { targetId, flatten: true });
    const send = <Result>(method: string, params: object = {}) => call<Result>(method, params, sessionId);
    for (const domain of ["Runtime", "Log", "Page", "Network"]) await send(`${domain}.enable`);
    const cut = { offline: true, latency: 0, downloadThroughput: 0, uploadThroughput: 0 };
    if (options.host === undefined) await send("Network.emulateNetworkConditions", cut);
    const evaluate = async <Value>(expression: string) => {
      const { result, exceptionDetails } = await send<{
        result: { value: Value };
        exceptionDetails?: { text: string; exception?: { description?: string } };
      }>("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value;
    };
    return { events, send, evaluate, close };
  } catch (error) {
    await close();
    throw error;
  }
}
