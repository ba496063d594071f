import { readFile } from "node:fs/promises";
import { ConfigError } from "@ictal/base/errors";
import { readYaml } from "@ictal/base/yaml";

/** Replaces what differs from run to run by a name, the same on both sides of a comparison. */
export type Sanitizer = (text: string) => string;

interface Rule {
  readonly pattern: RegExp;
  readonly replace: string;
}

const CLOCK = /\b\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\b/;
const ISO = /\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z| UTC|[+-]\d{2}:?\d{2})?)?/;
const NUMBER = "(?<![\\w.])\\d+(?:[.,]\\d+)?(?:e[+-]?\\d+)?";
const TIME_UNIT = "(?:ns|µs|us|ms|s|secs?|seconds?|min|mins|minutes?|h|hours?)\\b";

/** The built-in rules by name, in the order in which they are applied. */
const BUILTINS: Readonly<Record<string, readonly Rule[]>> = {
  uuids: [{ pattern: /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, replace: "<uuid>" }],
  addresses: [{ pattern: /\b0x[0-9a-f]{6,}\b/gi, replace: "<address>" }],
  digests: [{ pattern: /\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,128}\b/g, replace: "<digest>" }],
  paths: [
    { pattern: /\bfile:\/\/[^\s"'<>()]+/g, replace: "<path>" },
    { pattern: /(?<![\w.:/<>-])(?:\/[\w.@+-]+){2,}\/?|\b[A-Z]:\\[\w.\\ -]+/g, replace: "<path>" },
  ],
  times: [
    { pattern: new RegExp(ISO, "g"), replace: "<time>" },
    { pattern: new RegExp(CLOCK, "g"), replace: "<time>" },
  ],
  durations: [
    { pattern: new RegExp(`${NUMBER} ?[\\w%]+/(?:s|min|h)\\b`, "g"), replace: "<rate>" },
    { pattern: new RegExp(`${NUMBER} ?${TIME_UNIT}(?: ${NUMBER} ?${TIME_UNIT})*`, "g"), replace: "<duration>" },
  ],
};

/** Names of the built-in rules. */
export const BUILTIN_NAMES: readonly string[] = Object.keys(BUILTINS);

function refuse(file: string, what: string, key: string): never {
  throw new ConfigError(`${file}: ${what}`, { key });
}

function readRule(value: unknown, index: number, file: string): Rule {
  const { pattern, replace, flags } = (value ?? {}) as Record<string, unknown>;
  const place = `rules[${index}]`;
  if (typeof pattern !== "string" || typeof (replace ?? "") !== "string" || typeof (flags ?? "") !== "string")
    refuse(
      file,
      `${place} is ${JSON.stringify(value)}; a pattern, and perhaps replace and flags, were expected`,
      place,
    );
  try {
    return {
      pattern: new RegExp(pattern, [...new Set(`g${flags ?? ""}`)].join("")),
      replace: String(replace ?? "<…>"),
    };
  } catch (error) {
    return refuse(file, `${place}: ${(error as Error).message}`, place);
  }
}

async function readRules(file: string): Promise<{ builtins: readonly string[]; rules: Rule[] }> {
  const text = await readFile(file, "utf8").catch((cause) => {
    throw new ConfigError(`there is no readable file of sanitizers at ${file}`, { key: "--sanitize" }, { cause });
  });
  const value = (readYaml(text, file).value ?? {}) as Record<string, unknown>; // members are checked below
  const unknown = Object.keys(value).find((key) => key !== "builtins" && key !== "rules");
  if (unknown) refuse(file, `unknown key ${unknown}; builtins and rules were expected`, unknown);
  const builtins = (value.builtins ?? BUILTIN_NAMES) as unknown[];
  const wrong = Array.isArray(builtins) ? builtins.find((name) => !BUILTIN_NAMES.includes(String(name))) : builtins;
  if (wrong !== undefined) refuse(file, `unknown built-in ${wrong}; known: ${BUILTIN_NAMES.join(", ")}`, "builtins");
  const rules = value.rules ?? [];
  if (!Array.isArray(rules)) refuse(file, "rules is not a list", "rules");
  return { builtins: builtins.map(String), rules: rules.map((rule, index) => readRule(rule, index, file)) };
}

/**
 * A sanitizer of the rules in YAML `files` (`rules: [{ pattern, replace, flags }]`, regular expressions of JavaScript),
 * then the built-in ones: UUIDs, memory addresses, digests, paths, times, durations and rates, or those that a file
 * lists as `builtins`. ConfigError for what is wrong in a file.
 */
export async function createSanitizer(files: readonly string[] = []): Promise<Sanitizer> {
  const read = await Promise.all(files.map(readRules));
  const named = new Set(read.length === 0 ? BUILTIN_NAMES : read.flatMap(({ builtins }) => builtins));
  const own = read.flatMap(({ rules }) => rules);
  const rules = [...own, ...BUILTIN_NAMES.filter((name) => named.has(name)).flatMap((name) => BUILTINS[name] ?? [])];
  return (text) => rules.reduce((current, { pattern, replace }) => current.replace(pattern, replace), text);
}
