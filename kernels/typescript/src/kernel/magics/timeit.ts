import { setImmediate as turn } from "node:timers/promises";
import { types } from "node:util";
import { countOf } from "../../views/format-value.js";
import { formatDuration } from "./duration.js";
import type { TimeitOptions } from "./timeit-options.js";

/** A run shorter than this is too inexact; loops are added until one takes as long. */
const RUN_SECONDS = 0.1;
const STEPS = [1, 2, 5];

/** Seconds per loop of each run. */
export interface Timings {
  readonly loops: number;
  readonly secondsPerLoop: readonly number[];
}

/** Keeps what the expression returned, so that the engine cannot eliminate it. */
const sink: { value: unknown } = { value: undefined };

/** Seconds that `loops` calls take; each value is awaited when `awaited` is true. */
async function runSeconds(run: () => unknown, loops: number, awaited: boolean): Promise<number> {
  const start = performance.now();
  if (awaited) for (let i = 0; i < loops; i++) sink.value = await run();
  else for (let i = 0; i < loops; i++) sink.value = run();
  const seconds = (performance.now() - start) / 1000;
  sink.value = undefined;
  return seconds;
}

/** 1, 2, 5, 10, 20, 50 … */
const loopsAt = (step: number): number => STEPS[step % 3]! * 10 ** Math.floor(step / 3);

async function enoughLoops(run: () => unknown, awaited: boolean, signal?: AbortSignal): Promise<number> {
  for (let step = 0; ; step++) {
    signal?.throwIfAborted();
    const loops = loopsAt(step);
    if ((await runSeconds(run, loops, awaited)) >= RUN_SECONDS || loops >= 1e9) return loops;
  }
}

/** Times `run`: one call to warm up, loops until a run is long enough, then the runs. A promise is awaited in each loop. */
export async function measure(run: () => unknown, options: TimeitOptions, signal?: AbortSignal): Promise<Timings> {
  const first = run();
  const awaited =
    types.isPromise(first) || typeof (first as { then?: unknown } | null | undefined)?.then === "function";
  await first;
  const loops = options.loops ?? (await enoughLoops(run, awaited, signal));
  const secondsPerLoop: number[] = [];
  for (let i = 0; i < options.runs; i++) {
    await turn(); // an interrupt gets its turn
    signal?.throwIfAborted();
    secondsPerLoop.push((await runSeconds(run, loops, awaited)) / loops);
  }
  return { loops, secondsPerLoop };
}

/** One line: mean, standard deviation (of the population), runs, loops, and the best run. */
export function formatTimings({ loops, secondsPerLoop }: Timings): string {
  const runs = secondsPerLoop.length;
  const mean = secondsPerLoop.reduce((sum, seconds) => sum + seconds, 0) / runs;
  const deviation = Math.sqrt(secondsPerLoop.reduce((sum, seconds) => sum + (seconds - mean) ** 2, 0) / runs);
  const best = formatDuration(Math.min(...secondsPerLoop));
  return `${formatDuration(mean)} ± ${formatDuration(deviation)} per loop (mean ± std. dev. of ${countOf(runs, "run")}, ${countOf(loops, "loop")} each; best ${best})`;
}
