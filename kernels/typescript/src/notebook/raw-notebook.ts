/** Checked access to the members of foreign JSON: what is not as expected is a FormatError with file, cell and field. */
import { FormatError } from "@ictal/base/errors";

/** An object of foreign JSON, and where it stands. */
export interface RawObject {
  readonly members: Readonly<Record<string, unknown>>;
  readonly file: string;
  /** Path of the object, e.g. `cells[2].outputs[0]`; empty for the whole. */
  readonly field: string;
  /** What people call it, e.g. `cell 3, output 1`; empty for the whole. */
  readonly name: string;
}

/** What a value is, in a word or two. */
export function kindOfValue(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  if (typeof value === "string") return value.length > 20 ? "text" : `the text ${JSON.stringify(value)}`;
  return String(value);
}

/** Throws the FormatError for a member (or for the object itself, without `key`). */
export function refuseMember(raw: RawObject, key: string, expected: string, found = raw.members[key]): never {
  const field = raw.field ? `${raw.field}.${key}` : key;
  const place = raw.name ? `${raw.name}: ` : "";
  throw new FormatError(`${place}${key} is ${kindOfValue(found)}; ${expected} was expected`, { file: raw.file, field });
}

/** `value` as an object at `field`; FormatError when it is none. */
export function rawObject(value: unknown, place: Omit<RawObject, "members">): RawObject {
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return { ...place, members: value as Record<string, unknown> }; // checked
  const { file, field, name } = place;
  const message = `${name || "the file"} is ${kindOfValue(value)}; an object was expected`;
  throw new FormatError(message, field ? { file, field } : { file });
}

/** A member that is an object; an absent one is empty. */
export function objectMember(raw: RawObject, key: string): RawObject {
  const value = raw.members[key] === undefined ? {} : raw.members[key];
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuseMember(raw, key, "an object");
  const field = raw.field ? `${raw.field}.${key}` : key;
  return { ...raw, field, name: raw.name ? `${raw.name}, ${key}` : key, members: value as Record<string, unknown> }; // checked
}

/** A member that is a list; an absent one is empty. */
export function listMember(raw: RawObject, key: string): readonly unknown[] {
  const value = raw.members[key] ?? (raw.members[key] === undefined ? [] : null);
  return Array.isArray(value) ? value : refuseMember(raw, key, "a list");
}

/** Text, or the list of lines that nbformat splits it into; undefined when it is neither. */
export function joinedText(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return Array.isArray(value) && value.every((line) => typeof line === "string") ? value.join("") : undefined;
}

/** A member that is text, in one or in lines. */
export function textMember(raw: RawObject, key: string): string {
  return joinedText(raw.members[key]) ?? refuseMember(raw, key, "text, or a list of lines,");
}

/** A member that is a whole number or null; an absent one is null. */
export function countMember(raw: RawObject, key: string): number | null {
  const value = raw.members[key] ?? null;
  if (value === null) return null;
  return typeof value === "number" && Number.isInteger(value)
    ? value
    : refuseMember(raw, key, "a whole number or null");
}
