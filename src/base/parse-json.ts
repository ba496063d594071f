import { FormatError } from "@ictal/base/errors";
import type { z } from "zod";

type Issue = z.core.$ZodIssue;

/** Keys that could change an object's prototype when their holder is merged into another object. */
const PROTOTYPE_KEYS = new Set(["__proto__", "constructor", "prototype"]);

/** Path of such a key in a JSON value; undefined where there is none. */
function prototypeKey(value: unknown, path: readonly string[] = []): string | undefined {
  if (value === null || typeof value !== "object") return undefined;
  for (const [key, member] of Object.entries(value)) {
    const here = [...path, key];
    if (PROTOTYPE_KEYS.has(key) && !Array.isArray(value)) return here.join(".");
    const found = prototypeKey(member, here);
    if (found !== undefined) return found;
  }
  return undefined;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value); // any value may be asked for a member
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "number") return String(value); // JSON cannot write Infinity, as which 1e999 is parsed
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

const KINDS: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
  tuple: "a list",
  null: "null",
};

function expectation(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return `expected ${KINDS[issue.expected] ?? issue.expected}`;
    case "too_small":
      return `expected ${issue.origin === "array" ? "a longer list" : `${issue.inclusive === false ? "more than" : "at least"} ${issue.minimum}`}`;
    case "too_big":
      return `expected at most ${issue.maximum}`;
    case "unrecognized_keys":
      return `unknown ${issue.keys.join(", ")}`;
    case "invalid_value":
      return `expected ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    default:
      return issue.message;
  }
}

/** The first issue that a schema finds in a value, as "invalid FIELD: VALUE; expected …", and the field. */
export function issueOf(error: z.ZodError, value: unknown): { readonly field: string; readonly text: string } {
  const [issue] = error.issues;
  if (!issue) return { field: "(the whole)", text: "invalid value" };
  const field = issue.path.join(".") || "(the whole)";
  return { field, text: `invalid ${field}: ${shown(valueAt(value, issue.path))}; ${expectation(issue)}` };
}

/**
 * Parse foreign JSON and check it against a schema. Throws a FormatError that names file and field; `advice` says what
 * to do, e.g. "predict again".
 */
export function parseJson<T>(schema: z.ZodType<T>, text: string, file: string, advice: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new FormatError(`not JSON (cut short or damaged); ${advice}`, { file }, { cause: error });
  }
  const key = prototypeKey(value);
  if (key !== undefined) throw new FormatError(`the key ${key} is not allowed; ${advice}`, { file, field: key });
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { field, text: issueText } = issueOf(parsed.error, value);
  throw new FormatError(`${issueText}; ${advice}`, { file, field }, { cause: parsed.error });
}
