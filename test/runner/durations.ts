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
