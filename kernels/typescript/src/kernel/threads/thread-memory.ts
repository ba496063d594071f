import { BroadcastChannel } from "node:worker_threads";

/** What one worker thread holds, in bytes. */
export interface ThreadMemory {
  readonly name: string;
  readonly heapUsed: number;
  readonly heapTotal: number;
  readonly external: number;
  readonly arrayBuffers: number;
}

const CHANNEL = "ictal.kernel.memory";
/** A thread that is busy for longer is reported as one that did not answer. */
const PATIENCE_MILLISECONDS = 300;

type Message = { readonly ask: true } | { readonly memory: ThreadMemory };

const dataOf = (event: unknown): Message => (event as { data: Message }).data; // what this module posts

/** Lets this thread report what it holds whenever `%memory` asks; keeps no process alive. */
export function reportMemory(name: string): void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.onmessage = (event) => {
    if (!("ask" in dataOf(event))) return;
    const { heapUsed, heapTotal, external, arrayBuffers } = process.memoryUsage(); // of this thread, rss apart
    channel.postMessage({ memory: { name, heapUsed, heapTotal, external, arrayBuffers } } satisfies Message);
  };
  channel.unref();
}

/** What the threads `names` hold, of those that answer within 0.3 s; in the order of `names`. */
export async function askThreads(names: readonly string[]): Promise<ThreadMemory[]> {
  const channel = new BroadcastChannel(CHANNEL);
  const reports = new Map<string, ThreadMemory>();
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, PATIENCE_MILLISECONDS);
    channel.onmessage = (event) => {
      const message = dataOf(event);
      if ("memory" in message) reports.set(message.memory.name, message.memory);
      if (!names.every((name) => reports.has(name))) return;
      clearTimeout(timer);
      resolve();
    };
    channel.postMessage({ ask: true } satisfies Message);
  });
  channel.close();
  return names.flatMap((name) => reports.get(name) ?? []);
}
