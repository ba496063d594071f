/** Keys of configuration files, made of the options of the modules: one description of an option gives its schema here. */
import type { NumberRange } from "@ictal/base/options";
import { z } from "zod";
import type { Option, OptionRule, OptionTable } from "../base/option-table.js";

/** What a key of the files says to an option of the API. */
export interface Binding {
  readonly table: OptionTable;
  /** The option's name in the API. */
  readonly name: string;
  /** The option's value from the key's. */
  toOption(value: unknown): unknown;
}

const bindings = new WeakMap<z.ZodType, readonly Binding[]>();

/** What `schema`, a key of the files, gives to the API; empty where the key has no option of its own. */
export function bindingsOf(schema: z.ZodType): readonly Binding[] {
  return bindings.get(schema) ?? [];
}

function bind<T extends z.ZodType>(schema: T, all: readonly Binding[]): T {
  bindings.set(schema, all);
  return schema;
}

type ValueOf<O> = O extends { accepts(value: unknown): value is infer T } ? T : never;

/** A key with its default filled in, or one that may be absent. */
type FieldOf<V, D> = [D] extends [undefined] ? z.ZodOptional<z.ZodType<V>> : z.ZodDefault<z.ZodType<V>>;

function numberSchema(range: NumberRange, isOdd: boolean): z.ZodType<number> {
  const { isWhole, least, most, above, below } = range;
  let schema = isWhole ? z.number().int() : z.number();
  if (least !== undefined) schema = schema.min(least);
  if (above !== undefined) schema = schema.gt(above);
  if (most !== undefined) schema = schema.max(most);
  if (below !== undefined) schema = schema.lt(below);
  if (!isOdd) return schema;
  return schema
    .refine((value) => value % 2 === 1, { error: "expected an odd number" })
    .meta({ not: { multipleOf: 2 } });
}

function listSchema(rule: Extract<OptionRule, { kind: "numbers" }>): z.ZodType {
  const member = numberSchema(rule.range, rule.isOdd);
  if (rule.isAscending)
    return z.tuple([member, member]).refine(([low, high]) => low <= high, { error: "expected the low bound first" });
  const list = z.array(member).min(rule.minLength);
  return Number.isFinite(rule.maxLength) ? list.max(rule.maxLength) : list;
}

function schemaOf(rule: OptionRule): z.ZodType {
  switch (rule.kind) {
    case "number":
      return rule.words.length === 0
        ? numberSchema(rule.range, rule.isOdd)
        : z.union([numberSchema(rule.range, rule.isOdd), z.enum(rule.words)]);
    case "numbers":
      return listSchema(rule);
    case "names":
      return z.array(z.string().trim().min(1)).min(1);
    case "choice":
      return z.enum(rule.values);
    case "flag":
      return z.boolean();
    case "text":
      return rule.mayBeEmpty ? z.string() : z.string().min(1);
  }
}

/** Description and unit for documents and editors. */
function described<T extends z.ZodType>(schema: T, { description, unit }: Pick<Option, "description" | "unit">): T {
  return schema.meta({ ...schema.meta(), description, ...(unit === undefined ? {} : { unit }) });
}

function filled(schema: z.ZodType, usual: unknown): z.ZodType {
  return usual === undefined ? schema.optional() : schema.default(() => structuredClone(usual));
}

/** Bounds that replace the option's: narrower ones, or those of another unit; undefined takes one away. */
type Bounds = { readonly [K in keyof NumberRange]?: NumberRange[K] | undefined };

/** How a key differs from its option. */
interface Difference extends Bounds {
  readonly isOdd?: boolean;
  /** The only numbers that the files allow. */
  readonly only?: readonly number[];
  /** Units of the key per unit of the option, where the two count otherwise. */
  readonly perUnit?: number;
  /** Members of a list at least. */
  readonly minLength?: number;
  readonly unit?: string;
  readonly description?: string;
  /** The option's value from the key's. @default the same, divided by `perUnit` */
  toOption?(value: number): unknown;
}

const RANGE_KEYS = ["isWhole", "least", "most", "above", "below"] as const;

function narrowed(rule: OptionRule, difference: Difference): OptionRule {
  if (rule.kind !== "number" && rule.kind !== "numbers") return rule;
  const own = Object.fromEntries(RANGE_KEYS.flatMap((key) => (key in difference ? [[key, difference[key]]] : [])));
  const range = difference.perUnit === undefined ? { ...rule.range, ...own } : own; // other units, other bounds
  const isOdd = difference.isOdd ?? rule.isOdd;
  if (rule.kind === "number") return { ...rule, range, isOdd };
  return { ...rule, range, isOdd, minLength: difference.minLength ?? rule.minLength };
}

function field(table: OptionTable, name: string, option: Option, difference: Difference): z.ZodType {
  const { only, perUnit = 1, unit = option.unit, description = option.description } = difference;
  const schema = only ? z.literal(only) : schemaOf(narrowed(option.rule, difference));
  const usual = typeof option.default === "number" ? option.default * perUnit : option.default;
  const toOption = (value: unknown) => {
    if (typeof value !== "number") return value;
    return difference.toOption ? difference.toOption(value) : value / perUnit;
  };
  return bind(filled(described(schema, { description, unit }), usual), [{ table, name, toOption }]);
}

/** The key for the option `name` of `table`; `difference` says in what it is not as the option. */
export function key<T extends OptionTable, K extends keyof T & string>(
  table: T,
  name: K,
  difference: Difference = {},
): FieldOf<NonNullable<ValueOf<T[K]>>, T[K]["default"]> {
  return field(table, name, table[name] as Option, difference) as ReturnType<typeof key<T, K>>; // its rule gives that type
}

/** The same, and null means that it is not given. */
export function keyOrNull<T extends OptionTable, K extends keyof T & string>(
  table: T,
  name: K,
): z.ZodOptional<z.ZodNullable<z.ZodType<NonNullable<ValueOf<T[K]>>>>> {
  const option = table[name] as Option; // the index type knows it to be there
  const schema = described(schemaOf(option.rule), option).nullish();
  const bound = bind(schema, [{ table, name, toOption: (value) => value }]);
  return bound as ReturnType<typeof keyOrNull<T, K>>; // its rule gives that type
}

/** The key for the option `name` of `table` with other words for its values: `words` gives the option's value by the key's. */
export function keyInWords<T extends OptionTable, K extends keyof T & string, const W extends string>(
  table: T,
  name: K,
  words: Readonly<Record<W, ValueOf<T[K]>>>,
): z.ZodDefault<z.ZodType<W>> {
  const option = table[name] as Option; // the index type knows it to be there
  const known = Object.keys(words) as W[]; // a record's keys lose their type
  const usual = known.find((word) => words[word] === option.default);
  if (usual === undefined) throw new RangeError(`invalid words for ${name}: none means ${String(option.default)}`);
  const schema: z.ZodType<W> = described(z.enum(known), option);
  const toOption = (value: unknown) => words[value as W]; // parsed by the schema
  return bind(schema.default(usual as never), [{ table, name, toOption }]); // a generic type's output is opaque here
}

/** One key for two options of `table`, a lower and an upper edge, each within the bounds that are given. */
export function keyOfEdges<T extends OptionTable>(
  table: T,
  [low, high]: readonly [keyof T & string, keyof T & string],
  limits: { readonly description: string; readonly least: number; readonly most: number },
): z.ZodDefault<z.ZodType<[number, number]>> {
  const edges = [low, high].map((name) => table[name]?.default);
  const schema = z
    .tuple([z.number().min(limits.least), z.number().max(limits.most)])
    .refine(([from, to]) => from < to, { error: "expected a low edge below the high one" });
  const about = { description: limits.description, unit: table[low]?.unit };
  const member = (index: number) => (value: unknown) => (Array.isArray(value) ? value[index] : value);
  return bind(
    filled(described(schema, about), edges) as z.ZodDefault<z.ZodType<[number, number]>>, // two defaults fill it
    [low, high].map((name, index) => ({ table, name, toOption: member(index) })),
  );
}

/** A key that no module has an option for. */
export function ownKey<T, D>(option: Option<T, D>): FieldOf<T, D> {
  return filled(described(schemaOf(option.rule), option), option.default) as FieldOf<T, D>; // its rule gives that type
}

const inSnakeCase = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * The section of a table: a key for each option that files can set, by its own key or its name in snake_case. Nothing is filled
 * in: what a file does not give is left to the module.
 */
export function sectionOf(table: OptionTable, description: string) {
  const shape = Object.entries(table).flatMap(([name, option]) => {
    if (option.key === null) return [];
    const schema = described(schemaOf(option.rule), option);
    const shown = option.default === undefined ? schema : schema.meta({ ...schema.meta(), default: option.default });
    const bound = bind(shown.optional(), [{ table, name, toOption: (value) => value }]);
    return [[option.key ?? inSnakeCase(name), bound] as const];
  });
  return z.strictObject(Object.fromEntries(shape)).meta({ description });
}

/** A group of keys, absent ones filled in. */
export function group<S extends z.ZodRawShape>(description: string, shape: S) {
  return z.strictObject(shape).meta({ description });
}
