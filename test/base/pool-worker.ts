/** The thread of worker-pool.test.ts. */
import { parentPort, threadId, workerData } from "node:worker_threads";
import { Moved, ThreadCalls } from "../../src/base/thread-calls.js";

export type PoolMethods = {
  whoAmI(argument: undefined): { thread: number; data: unknown };
  double(argument: { bytes: Uint8Array<ArrayBuffer> }): Moved<Uint8Array<ArrayBuffer>>;
  askBack(argument: number): Promise<number>;
  refuse(argument: string): never;
  exit(argument: number): never;
  crash(argument: undefined): Promise<void>;
};

export type BackMethods = { plusOne(argument: number): number };

const port = parentPort;
if (!port) throw new Error("pool-worker runs as a worker thread");

const methods: PoolMethods = {
  whoAmI: () => ({ thread: threadId, data: workerData as unknown }),
  double: ({ bytes }) => {
    const doubled = bytes.map((value) => 2 * value);
    return new Moved(doubled, [doubled.buffer]);
  },
  askBack: (value) => main.call("plusOne", value),
  refuse: (message) => {
    throw Object.assign(new Error(message), { code: "EREFUSED" });
  },
  exit: (code) => process.exit(code),
  crash: () =>
    new Promise(() => {
      setImmediate(() => {
        throw new Error("a bug");
      });
    }),
};
const main = new ThreadCalls<BackMethods>(port, methods);
