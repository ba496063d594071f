import { ConfigError } from "@ictal/base/errors";
import { readYaml } from "@ictal/base/yaml";
import { z } from "zod";
import { schemaFaults } from "../config/schema-faults.js";
import type { Cell } from "./cell-format.js";

const value = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const sweepSchema = z.strictObject({
  /** Base configuration of all runs. */
  config: z.string().min(1),
  /** Values to try by key, e.g. training.learning_rate: [1e-3, 3e-4]; every combination is run. */
  sweep: z.record(z.string(), z.array(value).min(1)),
});

/** A base configuration and the overrides of each run. */
export interface Sweep {
  readonly config: string;
  readonly runs: readonly Readonly<Record<string, Cell>>[];
}

/** Every combination of the lists, the last key running fastest. */
function combinations(lists: Readonly<Record<string, readonly Cell[]>>): Record<string, Cell>[] {
  return Object.entries(lists).reduce<Record<string, Cell>[]>(
    (runs, [key, values]) => runs.flatMap((run) => values.map((each) => ({ ...run, [key]: each }))),
    [{}],
  );
}

/** Read a sweep from YAML text; `file` names it in messages. Throws a ConfigError on anything but `config` and `sweep`. */
export function parseSweep(text: string, file: string): Sweep {
  const { value: tree, lineOf } = readYaml(text, file);
  const parsed = sweepSchema.safeParse(tree);
  if (parsed.success) return { config: parsed.data.config, runs: combinations(parsed.data.sweep) };
  const faults = schemaFaults(parsed.error.issues, sweepSchema, tree).map(({ path, message }) => {
    const line = lineOf(path.filter((step) => typeof step !== "symbol"));
    return `${file}${line === undefined ? "" : `:${line}`}: ${message}`;
  });
  throw new ConfigError(
    `${faults.join("\n")}; a sweep has "config: FILE" and "sweep:" with a list for each section.key`,
    {
      key: parsed.error.issues[0]?.path.join(".") || file,
    },
  );
}

/** Overrides as command-line arguments. */
export function setArgs(run: Readonly<Record<string, Cell>>): string[] {
  return Object.entries(run).flatMap(([key, cell]) => ["--set", `${key}=${JSON.stringify(cell)}`]);
}
