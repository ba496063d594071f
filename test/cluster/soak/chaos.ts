import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createRandom } from "../../../src/base/random.js";
import { markedProcesses } from "./processes.js";

export type Strike = "child" | "runner" | "server" | "disk";

export interface ChaosOptions {
  readonly seed: number;
  readonly mark: string;
  /** Rounds one after another, each in some order; a strike waits until there is something to strike. */
  readonly strikes: readonly (readonly Strike[])[];
  readonly pauseMilliseconds: readonly [least: number, most: number];
  /** Folder on the disk that is filled; undefined: it cannot be. */
  readonly disk: string | undefined;
  readonly killServer: () => Promise<void>;
  readonly restartServer: () => Promise<void>;
}

export interface Chaos {
  readonly done: Readonly<Record<Strike, number>>;
  /** No further strike; waits until disk and server are whole again. */
  stop(): Promise<void>;
}

/** Takes up what room there is, down to the last byte. */
async function fillDisk(path: string): Promise<void> {
  const file = await open(path, "w");
  try {
    for (let block = Buffer.alloc(1 << 16); block.length > 0; ) {
      const written = await file.write(block).catch(() => ({ bytesWritten: 0 }));
      if (written.bytesWritten < block.length) block = block.subarray(0, block.length >> 1);
    }
  } finally {
    await file.close();
  }
}

/** Strikes at random times what a soak runs, until the list is used up or it is stopped. */
export function startChaos(options: ChaosOptions): Chaos {
  const { seed, mark, pauseMilliseconds, disk } = options;
  const random = createRandom(seed, "chaos");
  let drawn = 0;
  const draw = (count: number) => Math.floor(random.uniform(drawn++) * count);
  const pause = () => pauseMilliseconds[0] + draw(pauseMilliseconds[1] - pauseMilliseconds[0]);
  const done: Record<Strike, number> = { child: 0, runner: 0, server: 0, disk: 0 };
  const stopped = new AbortController();

  const killOne = (isIt: (command: string) => boolean): boolean => {
    const found = markedProcesses(mark).filter(({ command }) => isIt(command));
    const victim = found[draw(Math.max(1, found.length))];
    if (!victim) return false;
    try {
      process.kill(victim.pid, "SIGKILL");
      return true;
    } catch {
      return false; // it ended in the meantime
    }
  };
  const isRunner = (command: string) => / shard run /.test(command);
  const isServer = (command: string) => /server-child/.test(command);
  const acts: Record<Strike, () => Promise<boolean>> = {
    child: async () => killOne((command) => !isRunner(command) && !isServer(command)),
    runner: async () => killOne(isRunner),
    server: async () => {
      await options.killServer();
      await sleep(500 + draw(1500));
      await options.restartServer();
      return true;
    },
    disk: async () => {
      if (!disk) return false;
      const ballast = join(disk, "ballast");
      await fillDisk(ballast);
      await sleep(1000 + draw(2000));
      await rm(ballast);
      return true;
    },
  };
  const work = async () => {
    for (const round of options.strikes) {
      const left = [...round];
      while (left.length > 0) {
        await sleep(pause(), undefined, { signal: stopped.signal }).catch(() => undefined);
        if (stopped.signal.aborted) return;
        const [strike] = left.splice(draw(left.length), 1);
        if (await acts[strike!]()) done[strike!] += 1;
        else if (strike !== "disk") left.push(strike!);
      }
    }
  };
  const working = work();
  return {
    done,
    stop: async () => {
      stopped.abort();
      await working;
    },
  };
}
