/** Options over their defaults, and the checks of their numbers. */

/** Members of `T` that are not undefined. */
export type Defined<T> = { [K in keyof T]-?: Exclude<T[K], undefined> };

/**
 * `options` over `defaults`: what is undefined there counts as not given, so that passing an option on never unsets it.
 * Members that `defaults` does not know are kept.
 */
export function withDefaults<D extends object, O extends object>(
  defaults: D,
  options: O | undefined,
): Omit<O, keyof D> & { [K in keyof D]: K extends keyof O ? D[K] | Exclude<O[K], undefined> : D[K] } {
  const given = Object.entries(options ?? {}).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) } as ReturnType<typeof withDefaults<D, O>>; // entries lose their types
}

/** What a number may be. All bounds that are given hold. */
export interface NumberRange {
  /** A whole number within 2^53. */
  readonly isWhole?: boolean;
  readonly least?: number;
  readonly most?: number;
  readonly above?: number;
  readonly below?: number;
  /** Infinity is allowed, for "without limit". */
  readonly mayBeInfinite?: boolean;
}

/** A range in words, e.g. "a whole number of at least 1". */
export function rangeInWords({ isWhole, least, most, above, below }: NumberRange): string {
  const kind = isWhole ? "a whole number" : "a number";
  if (least !== undefined && most !== undefined) return `${kind} from ${least} to ${most}`;
  const bounds = [
    ...(least === undefined ? [] : [`of at least ${least}`]),
    ...(above === undefined ? [] : [`above ${above}`]),
    ...(most === undefined ? [] : [`of at most ${most}`]),
    ...(below === undefined ? [] : [`below ${below}`]),
  ];
  return [kind, bounds.join(" and ")].join(" ").trim();
}

/** True for a number of that range; NaN is in none. */
export function isInRange(value: unknown, range: NumberRange): value is number {
  const { isWhole, least, most, above, below, mayBeInfinite } = range;
  if (typeof value !== "number" || Number.isNaN(value)) return false;
  if (!(Number.isFinite(value) || mayBeInfinite)) return false;
  if (isWhole && Number.isFinite(value) && !Number.isSafeInteger(value)) return false;
  if (least !== undefined && value < least) return false;
  if (most !== undefined && value > most) return false;
  if (above !== undefined && value <= above) return false;
  return below === undefined || value < below;
}

/** Throws a RangeError for a number outside its range. */
export function requireNumber(name: string, value: unknown, range: NumberRange = {}): void {
  if (isInRange(value, range)) return;
  throw new RangeError(`invalid ${name}: ${String(value)}; expected ${rangeInWords(range)}`);
}

/** Throws a RangeError for each of `values` that is given and lies outside `range`. */
export function requireNumbers(values: Readonly<Record<string, number | undefined>>, range: NumberRange = {}): void {
  for (const [name, value] of Object.entries(values)) if (value !== undefined) requireNumber(name, value, range);
}

/** Throws a RangeError for each of `values` that is given and is no whole number of at least `least`. */
export function requireCounts(values: Readonly<Record<string, number | undefined>>, least = 1): void {
  requireNumbers(values, { isWhole: true, least });
}
