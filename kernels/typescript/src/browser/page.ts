import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connectDevtools, type PageEvent } from "./devtools.js";

export type { PageEvent } from "./devtools.js";

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

/** Waits in the page until all of it is loaded. */
const LOADED = `new Promise((done) => document.readyState === "complete" ? done() : addEventListener("load", () => done()))`;

/** One tab of a browser that was started for it. */
export interface Page {
  /** Every event since the start, in order. */
  readonly events: readonly PageEvent[];
  /** Sends a command of the DevTools protocol to the tab; rejects when the browser refuses it or has gone. */
  send<Result>(method: string, params?: object): Promise<Result>;
  /** The value of a JavaScript expression in the page; a promise is awaited; throws what the page throws. */
  evaluate<Value>(expression: string): Promise<Value>;
  /** A folder that lives as long as the page. */
  readonly folder: string;
  /** Loads a URL; resolves when it and all it names are loaded. */
  open(url: string): Promise<void>;
  /** Ends the browser by its process id and removes its profile. */
  close(): Promise<void>;
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
    const { send: call, events } = connectDevtools(child);
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
    const open = async (url: string) => {
      await send("Page.navigate", { url });
      while ((await evaluate<string>("location.href")) !== url) await sleep(20);
      await evaluate(LOADED);
    };
    return { events, folder: profile, open, send, evaluate, close };
  } catch (error) {
    await close();
    throw error;
  }
}
