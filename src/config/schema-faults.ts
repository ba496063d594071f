/** What a schema found wrong, in our own words. */

import { nearestName } from "@ictal/base/nearest";
import { valueAt } from "@ictal/base/records";
import type { z } from "zod";
import { objectWithin } from "./without-effect.js";

/** A fault: a key that is not known, or a value that it cannot have. */
export interface SchemaFault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  readonly value?: unknown;
  /** What is allowed there, in words. */
  readonly allowed: string;
  readonly nearest?: string | undefined;
}

const KINDS: Readonly<Record<string, string>> = {
  number: "a number",
  int: "a whole number",
  string: "text",
  boolean: "true or false",
  array: "a list",
  tuple: "a list",
  object: "a section of keys",
  record: "a section of keys",
  null: "nothing",
};

/** A value as a message shows it, of bounded length. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return "nothing";
  const text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

const listed = (values: readonly unknown[]) => values.map(shown).join(" or ");

function sizeInWords(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  const isSmall = issue.code === "too_small";
  const bound = isSmall ? issue.minimum : issue.maximum;
  if (issue.origin === "array" || issue.origin === "string") {
    const unit = issue.origin === "array" ? "members" : "characters";
    return bound === 1n || bound === 1
      ? "expected at least one"
      : `expected ${isSmall ? "at least" : "at most"} ${bound} ${unit}`;
  }
  if (typeof bound === "number" && Math.abs(bound) === Number.MAX_SAFE_INTEGER)
    return "expected a whole number within 2^53";
  const word = isSmall ? (issue.inclusive ? "at least" : "above") : issue.inclusive ? "at most" : "below";
  return `expected a number ${word === "at least" || word === "at most" ? `of ${word}` : word} ${bound}`;
}

function expectationOf(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_type") return `expected ${KINDS[issue.expected] ?? issue.expected}`;
  if (issue.code === "invalid_value") return `expected ${listed(issue.values)}`;
  if (issue.code === "too_small" || issue.code === "too_big") return sizeInWords(issue);
  if (issue.code === "invalid_union") {
    const values = issue.errors.flat().flatMap((each) => (each.code === "invalid_value" ? each.values : []));
    return values.length > 0
      ? `expected ${listed(values)}`
      : issue.errors.map(([each]) => each && expectationOf(each)).join(" or ");
  }
  return issue.message; // of our own checks
}

function sectionAt(schema: z.ZodObject, path: readonly PropertyKey[]): z.ZodObject | undefined {
  let node: z.ZodObject | undefined = schema;
  for (const key of path)
    node = node && key in node.shape ? objectWithin(node.shape[String(key)] as z.ZodType) : undefined; // zod's shapes are typed by the core
  return node;
}

function faultsOf(issue: z.core.$ZodIssue, schema: z.ZodObject, tree: unknown, prefix: string): SchemaFault[] {
  if (issue.code === "unrecognized_keys") {
    const known = Object.keys(sectionAt(schema, issue.path)?.shape ?? {});
    return issue.keys.map((name) => {
      const path = [...issue.path, name];
      const nearest = nearestName(name, known);
      const parent = [prefix, ...issue.path].filter((part) => part !== "").join(".");
      const hint = nearest
        ? `did you mean ${parent === "" ? "" : `${parent}.`}${nearest}?`
        : `known here: ${known.join(", ")}`;
      const key = parent === "" ? name : `${parent}.${name}`;
      return { path, message: `unknown key ${key}; ${hint}`, allowed: known.join(", "), nearest };
    });
  }
  const value = valueAt(tree, issue.path);
  const allowed = expectationOf(issue);
  const key = [prefix, ...issue.path].filter((part) => part !== "").join(".") || "(top)";
  return [{ path: issue.path, message: `invalid ${key}: ${shown(value)}; ${allowed}`, value, allowed }];
}

/** Every fault of `tree`, which `schema` refused with `issues`; `prefix` is the section it stands in, e.g. `model.unet`. */
export function schemaFaults(
  issues: readonly z.core.$ZodIssue[],
  schema: z.ZodObject,
  tree: unknown,
  prefix = "",
): SchemaFault[] {
  return issues.flatMap((issue) => faultsOf(issue, schema, tree, prefix));
}
