/** How long each test file took on a quiet machine of two cores: test/durations.json. */
import { readFileSync, writeFileSync } from "node:fs";

/** Seconds from start to end, and seconds of processor time, its children's included. */
export interface Duration {
  readonly wall: number;
  readonly cpu: number;
}

/** By the name of the source, such as `cache/build.test.ts`. */
export type Durations = Readonly<Record<string, Duration>>;

/** What a file is thought to take that was not measured yet. */
const UNKNOWN: Duration = { wall: 2, cpu: 2 };

/** How long a file may take at least, and how often its measured time on a machine that has other work. */
const LEAST_LIMIT_SECONDS = 300;
const LIMIT_FACTOR = 5;

/** Seconds after which a file counts as hanging. */
export function limitOf(durations: Durations, name: string): number {
  return Math.round(Math.max(LEAST_LIMIT_SECONDS, LIMIT_FACTOR * durationOf(durations, name).wall));
}

/** The kept table. */
export function readDurations(path: string): Durations {
  const rows = JSON.parse(readFileSync(path, "utf8")) as Record<string, [wall: number, cpu: number]>;
  return Object.fromEntries(Object.entries(rows).map(([name, [wall, cpu]]) => [name, { wall, cpu }]));
}

/** Write the table: a line a file, by name. */
export function keepDurations(path: string, durations: Durations): void {
  const lines = Object.entries(durations)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, { wall, cpu }]) => `  ${JSON.stringify(name)}: [${wall.toFixed(1)}, ${cpu.toFixed(1)}]`);
  writeFileSync(path, `{\n${lines.join(",\n")}\n}\n`);
}

/** What `name` takes, or is thought to take. */
export function durationOf(durations: Durations, name: string): Duration {
  return durations[name] ?? UNKNOWN;
}
