/** Flags of intervals and tests by patient. */

import { UsageError } from "@ictal/base/action";
import type { Command } from "commander";

/** What commander hands over for the flags of `addBootstrapOptions`. */
export interface BootstrapFlags {
  readonly replicates: string;
  readonly level: string;
  readonly seed: string;
}

/** Adds --replicates, --level and --seed; what is drawn, and how often by default, differs between commands. */
export function addBootstrapOptions(
  command: Command,
  replicates = "1000",
  drawn = "number of draws of patients, for the intervals of searched thresholds",
): Command {
  return command
    .option("--replicates <count>", drawn, replicates)
    .option("--level <share>", "confidence level of the intervals", "0.95")
    .option("--seed <number>", "random seed of the draws", "42");
}

/** Settings of intervals and tests, all given. */
export interface BootstrapSettings {
  readonly seed: number;
  readonly replicates: number;
  readonly level: number;
}

/** The settings; a UsageError that names the flag of a value that cannot be. */
export function bootstrapOf({ seed, replicates, level }: BootstrapFlags): BootstrapSettings {
  const settings = { seed: Number(seed), replicates: Number(replicates), level: Number(level) };
  if (!/^-?\d+$/.test(seed) || !Number.isSafeInteger(settings.seed))
    throw new UsageError(`invalid --seed ${seed}: expected an integer`);
  if (!/^\d+$/.test(replicates) || !Number.isSafeInteger(settings.replicates) || settings.replicates < 1)
    throw new UsageError(`invalid --replicates ${replicates}: expected an integer, at least 1`);
  if (!(settings.level > 0 && settings.level < 1))
    throw new UsageError(`invalid --level ${level}: expected a number between 0 and 1`);
  return settings;
}
