/** Keys of a configuration that do nothing, said where the schema declares them, so that the notice follows from the schema. */
import { z } from "zod";

/** Value at a key such as `training.loss` of a checked configuration. */
export type ValueAt = (key: string) => unknown;

/** When a key does something after all. */
export interface Exception {
  /** The value that describes what is done anyway: whoever gives it loses nothing. */
  readonly does?: unknown;
  /** True where the key acts, or is told apart otherwise. */
  readonly unless?: (value: unknown, at: ValueAt) => boolean;
}

interface WithoutEffect extends Exception {
  readonly reason: string;
  /** The only setting beside which the key acts, where that is the reason. */
  readonly only?: string;
}

const marks = new WeakMap<z.ZodType, readonly WithoutEffect[]>();

function mark<T extends z.ZodType>(schema: T, added: WithoutEffect): T {
  marks.set(schema, [...(marks.get(schema) ?? []), added]);
  return schema;
}

/** `schema` for a key that is accepted and does nothing, with the reason that the notice gives. */
export function noEffect<T extends z.ZodType>(schema: T, reason: string, exception: Exception = {}): T {
  return mark(schema, { reason, ...exception });
}

/** `schema` for a key that does something only while another key has one of `values`. */
export function actsOnlyWith<T extends z.ZodType>(schema: T, key: string, values: readonly unknown[]): T {
  const only = `${key}: ${values.join(" or ")}`;
  return mark(schema, {
    reason: `it acts with ${only}`,
    only,
    unless: (_, at) => values.includes(at(key)),
  });
}

/** `schema` and what stands under its defaults and optionals, from the outside to the inside. */
export function layersOf(schema: z.ZodType): z.ZodType[] {
  const isWrapper =
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable;
  return isWrapper ? [schema, ...layersOf(schema.unwrap() as z.ZodType)] : [schema]; // zod's wrappers are typed by the core
}

/** The object under defaults and optionals; undefined for anything else. */
export function objectWithin(schema: z.ZodType): z.ZodObject | undefined {
  const inner = layersOf(schema).at(-1);
  return inner instanceof z.ZodObject ? inner : undefined;
}

/** A key of the schema, sections included. */
export interface SchemaKey {
  readonly key: string;
  readonly schema: z.ZodType;
}

/** Every key of `schema` below `prefix`, sections before their keys. */
export function keysOf(schema: z.ZodObject, prefix = ""): SchemaKey[] {
  return Object.entries(schema.shape).flatMap(([name, member]) => {
    const key = `${prefix}${name}`;
    const own = { key, schema: member as z.ZodType }; // zod's shapes are typed by the core
    const section = objectWithin(own.schema);
    return section ? [own, ...keysOf(section, `${key}.`)] : [own];
  });
}

/** A reason for which a key does nothing. */
export interface KeyCondition {
  readonly reason: string;
  /** The only setting beside which it acts, where that is the reason. */
  readonly only: string | undefined;
  /** True where it does nothing whatever the other keys are. */
  readonly isAlways: boolean;
}

/** The reasons for which the key may do nothing; empty for one that always acts. */
export function conditionsOf(schema: z.ZodType): KeyCondition[] {
  return (marks.get(schema) ?? []).map(({ reason, only, unless }) => ({
    reason,
    only,
    isAlways: unless === undefined,
  }));
}

/** Why the key does nothing whatever its value and the other keys are; undefined where it may act. */
export function isDead({ schema }: SchemaKey): boolean {
  return marks.get(schema)?.some(({ unless }) => unless === undefined) ?? false;
}

/** Of the keys that were given, those that do nothing in this configuration, with the reason; a section stands for its keys. */
export function keysWithoutEffect(
  schema: z.ZodObject,
  given: ValueAt,
  checked: ValueAt,
): { readonly key: string; readonly reason: string }[] {
  const found: { key: string; reason: string }[] = [];
  for (const { key, schema: member } of keysOf(schema)) {
    const value = given(key);
    if (value === undefined || found.some((section) => key.startsWith(`${section.key}.`))) continue;
    const mark = marks
      .get(member)
      ?.find(({ does, unless }) => !(does !== undefined && value === does) && !unless?.(value, checked));
    if (mark) found.push({ key, reason: mark.reason });
  }
  return found;
}
