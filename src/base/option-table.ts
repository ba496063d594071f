/**
 * Options of a module, each described once: its default, what it may be, its unit and a sentence. The API's defaults and checks,
 * the keys of configuration files and their documentation are derived from these tables. They are plain objects, so that a
 * module that reads its own options loads no schema library.
 */
import { isInRange, type NumberRange, rangeInWords } from "@ictal/base/options";

/** What values an option takes. */
export type OptionRule =
  | {
      readonly kind: "number";
      readonly range: NumberRange;
      readonly isOdd: boolean;
      /** Texts that are allowed instead of a number. */
      readonly words: readonly string[];
    }
  | {
      readonly kind: "numbers";
      /** Of each member. */
      readonly range: NumberRange;
      readonly isOdd: boolean;
      readonly minLength: number;
      readonly maxLength: number;
      /** The members must not descend. */
      readonly isAscending: boolean;
    }
  /** A list of texts, none empty. */
  | { readonly kind: "names" }
  | { readonly kind: "choice"; readonly values: readonly string[] }
  | { readonly kind: "flag" }
  | { readonly kind: "text"; readonly mayBeEmpty: boolean };

/** One option; `T` is its value, `D` its default (undefined where there is none). */
export interface Option<T = unknown, D = unknown> {
  readonly rule: OptionRule;
  readonly default: D;
  /** One sentence for whoever sets it. */
  readonly description: string;
  readonly unit: string | undefined;
  /** Its key in a section that is derived from the table; null where files cannot set it, undefined for the name in snake_case. */
  readonly key: string | null | undefined;
  /** null is a value of its own, beside those of the rule. */
  readonly mayBeNull: boolean;
  accepts(value: unknown): value is T;
}

/** The options of a module by their names in the API. */
export type OptionTable = Readonly<Record<string, Option>>;

type ValueOf<O> = O extends { accepts(value: unknown): value is infer T } ? T : never;

/** Values of the options that have a default. */
export type DefaultsOf<T extends OptionTable> = {
  readonly [K in keyof T as T[K]["default"] extends undefined ? never : K]: ValueOf<T[K]>;
};

/** Values of some of the options. */
export type ValuesOf<T extends OptionTable> = { readonly [K in keyof T]?: ValueOf<T[K]> };

interface About<T> {
  readonly description: string;
  readonly default?: T;
  readonly unit?: string;
  readonly key?: string | null;
}

type DefaultOf<S, T> = S extends { readonly default: T } ? T : undefined;

function isAllowedNumber(value: unknown, range: NumberRange, isOdd: boolean): boolean {
  return isInRange(value, range) && (!isOdd || value % 2 === 1);
}

function areNumbers(values: readonly unknown[], rule: Extract<OptionRule, { kind: "numbers" }>): boolean {
  if (values.length < rule.minLength || values.length > rule.maxLength) return false;
  const isAllowed = (value: unknown): value is number => isAllowedNumber(value, rule.range, rule.isOdd);
  if (!values.every(isAllowed)) return false;
  return !rule.isAscending || values.every((value, i) => i === 0 || value >= values[i - 1]!);
}

const isName = (value: unknown): boolean => typeof value === "string" && value.trim() !== "";

function follows(rule: OptionRule, value: unknown): boolean {
  switch (rule.kind) {
    case "number":
      return isAllowedNumber(value, rule.range, rule.isOdd) || rule.words.some((word) => word === value);
    case "numbers":
      return Array.isArray(value) && areNumbers(value, rule);
    case "names":
      return Array.isArray(value) && value.length > 0 && value.every(isName);
    case "choice":
      return rule.values.some((known) => known === value);
    case "flag":
      return typeof value === "boolean";
    case "text":
      return typeof value === "string" && (rule.mayBeEmpty || value !== "");
  }
}

function option<T, S extends About<T>>(rule: OptionRule, about: S): Option<T, DefaultOf<S, T>> {
  return {
    rule,
    default: about.default as DefaultOf<S, T>, // `S` says whether it is there
    description: about.description,
    unit: about.unit,
    key: about.key,
    mayBeNull: false,
    accepts: (value): value is T => follows(rule, value),
  };
}

interface NumberAbout extends About<number>, NumberRange {
  /** Odd whole numbers only. */
  readonly isOdd?: boolean;
}

function rangeOf({ isWhole, least, most, above, below, mayBeInfinite }: NumberRange): NumberRange {
  const given = Object.entries({ isWhole, least, most, above, below, mayBeInfinite });
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

/** A number, any if no bounds are given. */
export function number<const S extends NumberAbout>(about: S): Option<number, DefaultOf<S, number>> {
  return option({ kind: "number", range: rangeOf(about), isOdd: about.isOdd ?? false, words: [] }, about);
}

/** A whole number of at least 1, unless other bounds are given. */
export function count<const S extends NumberAbout>(about: S): Option<number, DefaultOf<S, number>> {
  const range = { least: 1, ...rangeOf(about), isWhole: true };
  return option({ kind: "number", range, isOdd: about.isOdd ?? false, words: [] }, about);
}

/** A share from 0 to 1. */
export function fraction<const S extends About<number>>(about: S): Option<number, DefaultOf<S, number>> {
  return option({ kind: "number", range: { least: 0, most: 1 }, isOdd: false, words: [] }, about);
}

/** A number, or one of `words` instead. */
export function numberOr<const W extends string, const S extends NumberRange & About<number | W>>(
  words: readonly W[],
  about: S,
): Option<number | W, DefaultOf<S, number | W>> {
  return option({ kind: "number", range: rangeOf(about), isOdd: false, words }, about);
}

interface ListAbout extends About<readonly number[]>, NumberRange {
  readonly isOdd?: boolean;
  /** Members at least. @default 1 */
  readonly minLength?: number;
  readonly maxLength?: number;
}

/** A list of whole numbers of at least 1. */
export function counts<const S extends ListAbout>(
  about: S,
): Option<readonly number[], DefaultOf<S, readonly number[]>> {
  const { isOdd = false, minLength = 1, maxLength = Number.POSITIVE_INFINITY } = about;
  const range = { least: 1, ...rangeOf(about), isWhole: true };
  return option({ kind: "numbers", range, isOdd, minLength, maxLength, isAscending: false }, about);
}

/** A lower and an upper bound. */
export function bounds<const S extends NumberRange & About<readonly [number, number]>>(
  about: S,
): Option<readonly [number, number], DefaultOf<S, readonly [number, number]>> {
  const range = rangeOf(about);
  return option({ kind: "numbers", range, isOdd: false, minLength: 2, maxLength: 2, isAscending: true }, about);
}

/** A list of names, at least one. */
export function names<const S extends About<readonly string[]>>(
  about: S,
): Option<readonly string[], DefaultOf<S, readonly string[]>> {
  return option({ kind: "names" }, about);
}

/** One of `values`. */
export function choice<const V extends string, const S extends About<V>>(
  values: readonly V[],
  about: S,
): Option<V, DefaultOf<S, V>> {
  return option({ kind: "choice", values }, about);
}

/** Yes or no. */
export function flag<const S extends About<boolean>>(about: S): Option<boolean, DefaultOf<S, boolean>> {
  return option({ kind: "flag" }, about);
}

/** Text, not empty unless said. */
export function text<const S extends About<string> & { readonly mayBeEmpty?: boolean }>(
  about: S,
): Option<string, DefaultOf<S, string>> {
  return option({ kind: "text", mayBeEmpty: about.mayBeEmpty ?? false }, about);
}

/** The same option with null as a further value. */
export function orNull<T, D>(of: Option<T, D>): Option<T | null, D> {
  return { ...of, mayBeNull: true, accepts: (value): value is T | null => value === null || of.accepts(value) };
}

/** The default of every option that has one. */
export function defaultsOf<T extends OptionTable>(table: T): DefaultsOf<T> {
  const known = Object.entries(table).filter(([, each]) => each.default !== undefined);
  return Object.fromEntries(known.map(([name, each]) => [name, each.default])) as DefaultsOf<T>; // entries lose their types
}

/** Whole ranges of at most this many numbers are written out. */
const LONGEST_ENUMERATION = 4;

function numberInWords(range: NumberRange): string {
  const { isWhole, least, most, below } = range;
  if (isWhole && least !== undefined && most !== undefined && most - least < LONGEST_ENUMERATION) {
    const values = Array.from({ length: most - least }, (_, i) => least + i);
    return `${values.join(", ")} or ${most}`;
  }
  if (least !== undefined && below !== undefined) return `a number from ${least} to below ${below}`;
  return rangeInWords(range);
}

function membersInWords(rule: Extract<OptionRule, { kind: "numbers" }>): string {
  const { minLength, maxLength, isOdd, range, isAscending } = rule;
  if (isAscending) return "0 < low <= high";
  if (isOdd) return "odd numbers";
  const size = minLength === maxLength ? `${minLength}` : `at least ${minLength}`;
  return `${size} ${range.isWhole ? "whole numbers" : "numbers"} of at least ${range.least}`;
}

/** What an option may be, in words, e.g. "a number from 0 to 1". */
export function allowedInWords({ rule }: Pick<Option, "rule">): string {
  switch (rule.kind) {
    case "number":
      return rule.isOdd ? "an odd number" : numberInWords(rule.range);
    case "numbers":
      return membersInWords(rule);
    case "names":
      return "a list of names";
    case "choice":
      return rule.values.join(", ");
    case "flag":
      return "true or false";
    case "text":
      return "text";
  }
}

/** Called with the first value that its option does not accept; it throws. */
export type RefuseOption = (name: string, value: unknown, allowed: string, option: Option) => never;

function refuseByRange(name: string, value: unknown, allowed: string): never {
  throw new RangeError(`invalid ${name}: ${String(value)}; expected ${allowed}`);
}

/** Checks the given ones of `values`, each by itself. @throws RangeError unless `refuse` throws another error */
export function checkOptions(
  table: OptionTable,
  values: Readonly<Record<string, unknown>> | object,
  refuse: RefuseOption = refuseByRange,
): void {
  const given = values as Readonly<Record<string, unknown>>; // any object answers for a name
  for (const [name, each] of Object.entries(table)) {
    const value = given[name];
    if (value !== undefined && !each.accepts(value)) refuse(name, value, allowedInWords(each), each);
  }
}
