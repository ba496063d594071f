import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import type { Language } from "./language.js";
import type { LanguageSession, LanguageSetting } from "./session.js";

export interface LanguageRequest {
  readonly id: number;
  readonly method: Exclude<keyof LanguageSession, "warmUp">;
  readonly args: readonly unknown[];
}

export interface LanguageResponse {
  readonly id: number;
  readonly value?: unknown;
  /** Stack of what the service threw. */
  readonly error?: string;
}

/** The language service of a kernel, owned by the thread that started it. */
export interface LanguageOwner extends Language {
  /** A port for another thread, to be transferred there and given to `attachLanguage`. */
  connect(): MessagePort;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

interface Port {
  postMessage(message: LanguageRequest): void;
  on(event: "message", listener: (response: LanguageResponse) => void): unknown;
}

function createCalls(port: Port) {
  const waiting = new Map<number, Waiting>();
  let serial = 0;
  port.on("message", ({ id, value, error }: LanguageResponse) => {
    const call = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) call?.resolve(value);
    else call?.reject(new Error(`the language service failed: ${error}`));
  });
  const send = (method: LanguageRequest["method"], args: readonly unknown[]) => {
    serial += 1;
    port.postMessage({ id: serial, method, args });
    return serial;
  };
  return {
    send,
    call<T>(method: LanguageRequest["method"], ...args: unknown[]): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        waiting.set(send(method, args), { resolve: (value) => resolve(value as T), reject }); // the worker's answer to it
      });
    },
    fail(error: Error) {
      for (const call of waiting.values()) call.reject(error);
      waiting.clear();
    },
  };
}

function languageOver(calls: ReturnType<typeof createCalls>, dispose: () => Promise<void>): Language {
  return {
    check: (code, cell) => calls.call("check", code, cell),
    settle: (cell, ran) => void calls.send("settle", [cell, ran]),
    complete: (code, cursor) => calls.call("complete", code, cursor),
    inspect: (code, cursor, detailLevel) => calls.call("inspect", code, cursor, detailLevel),
    isComplete: (code) => calls.call("isComplete", code),
    checkFiles: (files) => calls.call("checkFiles", files),
    transpile: (file, source) => calls.call("transpile", file, source),
    dispose,
  };
}

/** Starts the language service in a worker thread; it warms up at once, calls wait until it can answer. */
export function startLanguage(setting: LanguageSetting): LanguageOwner {
  const worker = new Worker(new URL("./worker.js", import.meta.url), {
    workerData: setting,
    name: "language",
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: 16 },
  });
  const calls = createCalls(worker);
  worker.on("error", (error) => calls.fail(error));
  worker.on("exit", () => calls.fail(new Error("the language service has ended; restart the kernel")));
  return {
    ...languageOver(calls, async () => {
      await worker.terminate();
    }),
    connect() {
      const { port1, port2 } = new MessageChannel();
      worker.postMessage({ port: port1 }, [port1]);
      return port2;
    },
  };
}

/** The service that another thread owns, through a port made by its `connect`. `dispose` closes the port alone. */
export function attachLanguage(port: MessagePort): Language {
  return languageOver(createCalls(port), async () => port.close());
}
