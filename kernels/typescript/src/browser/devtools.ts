import type { ChildProcess } from "node:child_process";
import type { Readable, Writable } from "node:stream";

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

/**
 * The DevTools protocol of a browser started with `--remote-debugging-pipe`: JSON messages ended by NUL over file
 * descriptors 3 (to the browser) and 4 (from it). Calls reject when the browser refuses them or has gone.
 */
export function connectDevtools(child: ChildProcess) {
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
