import { ConfigError } from "@ictal/base/errors";
import type { z } from "zod";
import type { Config } from "../base/config-schema.js";
import { elementAt } from "../base/lookup.js";
import { schemaFaults } from "../base/schema-faults.js";

/** The error for an option that a detector cannot have. */
export function wrongOption(detector: string, key: string, value: unknown, allowed: string): ConfigError {
  return new ConfigError(`invalid model.${detector} ${key}: ${JSON.stringify(value)}; expected ${allowed}`, {
    key,
    value,
    allowed,
  });
}

/** Checks of one detector's options; each throws a ConfigError that names key, value and what is allowed. */
export interface Checks {
  /** Whole numbers of at least `least`, 1 unless said. */
  counts(values: Readonly<Record<string, number>>, least?: number): void;
  /** A list of whole numbers of at least 1 and of `least` to `most` members. */
  list(key: string, values: readonly number[], least?: number, most?: number): void;
  /** Odd whole numbers. */
  odd(key: string, values: number | readonly number[]): void;
  /** A share of what is dropped, from 0 to below 1. */
  rate(key: string, value: number): void;
}

const isCount = (value: number, least: number) => Number.isSafeInteger(value) && value >= least;

/** The checks of the detector of that name. */
export function checksOf(detector: string): Checks {
  return {
    counts(values, least = 1) {
      for (const [key, value] of Object.entries(values))
        if (!isCount(value, least)) throw wrongOption(detector, key, value, `a whole number of at least ${least}`);
    },
    list(key, values, least = 1, most = Number.POSITIVE_INFINITY) {
      const size = most === least ? `${least}` : `at least ${least}`;
      if (values.length < least || values.length > most || !values.every((value) => isCount(value, 1)))
        throw wrongOption(detector, key, values, `${size} whole numbers of at least 1`);
    },
    odd(key, values) {
      for (const value of [values].flat())
        if (!isCount(value, 1) || value % 2 === 0) throw wrongOption(detector, key, value, "an odd number");
    },
    rate(key, value) {
      if (!(value >= 0 && value < 1)) throw wrongOption(detector, key, value, "a number from 0 to below 1");
    },
  };
}

/** The section `model.<name>` as `schema` reads it; an absent one is empty. Throws a ConfigError that lists every fault. */
export function readSection<T extends z.ZodObject>(model: Config["model"], name: string, schema: T): z.output<T> {
  const section = (model as Readonly<Record<string, unknown>>)[name] ?? {};
  const parsed = schema.safeParse(section);
  if (parsed.success) return parsed.data;
  const faults = schemaFaults(parsed.error.issues, schema, section, `model.${name}`);
  const { path, value, allowed, nearest } = elementAt(faults, 0);
  const key = ["model", name, ...path].join(".");
  throw new ConfigError(faults.map(({ message }) => message).join("\n"), { key, value, allowed, nearest });
}
