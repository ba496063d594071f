import { ConfigError } from "@ictal/base/errors";
import { checkOptions, type DefaultsOf, type Option, type OptionTable, type ValuesOf } from "../base/option-table.js";

/** The error for an option that a detector cannot have. */
export function wrongOption(detector: string, key: string, value: unknown, allowed: string): ConfigError {
  return new ConfigError(`invalid model.${detector} ${key}: ${JSON.stringify(value)}; expected ${allowed}`, {
    key,
    value,
    allowed,
  });
}

/** The members of a list of odd numbers that are even; nothing for other options. */
function evenMembers(value: unknown, { rule }: Option): unknown[] {
  const isOddList = rule.kind === "numbers" && rule.isOdd && Array.isArray(value);
  return isOddList ? value.filter((member) => !(Number.isSafeInteger(member) && member % 2 === 1)) : [];
}

/** Options of which each may be missing; undefined is not given. */
type MaybeGiven<T extends OptionTable> = { readonly [K in keyof T]?: ValuesOf<T>[K] | undefined };

type FilledOptions<T extends OptionTable> = Required<MaybeGiven<T>> & DefaultsOf<T>;

/**
 * The options of `config` that `table` describes, with every default filled in; those without a default are undefined where
 * they are not given. Throws a ConfigError that names key, value and what is allowed.
 */
export function readOptions<T extends OptionTable>(
  detector: string,
  table: T,
  config: MaybeGiven<T>,
): FilledOptions<T> {
  checkOptions(table, config, (name, value, allowed, option) => {
    const [even] = evenMembers(value, option);
    throw even === undefined
      ? wrongOption(detector, name, value, allowed)
      : wrongOption(detector, name, even, "an odd number");
  });
  const filled = Object.entries(table).map(([name, { default: usual }]) => [name, config[name] ?? usual]);
  return Object.fromEntries(filled) as FilledOptions<T>; // entries lose their types
}
