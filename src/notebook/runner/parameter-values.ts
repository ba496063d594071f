import { readFile } from "node:fs/promises";
import { parse as parseYaml } from "yaml";
import { ConfigError } from "../../base/errors.js";
import { nearestName } from "../../base/nearest.js";
import type { ParameterInfo } from "./parameters.js";

/** Values as they come from the command line, in order of rising precedence within each kind. */
export interface GivenParameters {
  /** `-f`: YAML files. */
  readonly files?: readonly string[];
  /** `-y`: YAML texts. */
  readonly yaml?: readonly string[];
  /** `-b`: YAML texts in base64. */
  readonly base64?: readonly string[];
  /** `-p name value`: typed by the parameter's type, else by the look of the text. */
  readonly typed?: readonly (readonly [string, string])[];
  /** `-r name value`: always text. */
  readonly raw?: readonly (readonly [string, string])[];
}

/** papermill's reading of a bare text: True/true, None/null, a number, else the text. */
function guessValue(text: string): unknown {
  if (/^true$/i.test(text)) return true;
  if (/^false$/i.test(text)) return false;
  if (/^(none|null)$/i.test(text)) return null;
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  return text;
}

const SCALARS: Record<string, "number" | "string" | "boolean"> = {
  number: "number",
  int: "number",
  float: "number",
  string: "string",
  str: "string",
  boolean: "boolean",
  bool: "boolean",
};

function refuse(name: string, text: string, type: string): never {
  throw new ConfigError(`parameter ${name} is of type ${type}; the value "${text}" is not`, {
    key: name,
    value: text,
    allowed: type,
  });
}

/** `text` as a value of the parameter's type; ConfigError when it cannot be one. */
function typedValue(text: string, parameter: ParameterInfo): unknown {
  const { name, type } = parameter;
  const guess = guessValue(text);
  const scalar = SCALARS[type.trim()];
  if (scalar === "string") return text;
  if (scalar !== undefined) return typeof guess === scalar ? guess : refuse(name, text, type);
  const isStructure = /^[[{]/.test(text.trim());
  if (/\[\]$|^(object|readonly |Array<|Record<|\{|list|dict)/.test(type.trim()) || isStructure) {
    try {
      return parseYaml(text) as unknown;
    } catch {
      return refuse(name, text, type);
    }
  }
  return guess;
}

function checkName(name: string, known: readonly ParameterInfo[], notebookName: string): ParameterInfo {
  const parameter = known.find((candidate) => candidate.name === name);
  if (parameter) return parameter;
  const names = known.map((candidate) => candidate.name);
  const nearest = nearestName(name, names);
  const listed = names.length > 0 ? `its parameters are ${names.join(", ")}` : 'no cell of it is tagged "parameters"';
  throw new ConfigError(
    `${notebookName} has no parameter called "${name}"; ${listed}${nearest ? ` (did you mean ${nearest}?)` : ""}`,
    {
      key: name,
      allowed: names.join(", "),
      ...(nearest === undefined ? {} : { nearest }),
    },
  );
}

function parseYamlMap(text: string, place: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = parseYaml(text);
  } catch (cause) {
    throw new ConfigError(`${place} is not YAML: ${(cause as Error).message}`, { key: place }, { cause });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new ConfigError(`${place} holds ${JSON.stringify(value)}; a map of parameter names to values was expected`, {
    key: place,
  });
}

/**
 * The values to inject, by parameter name: files, then YAML texts (`-y`, then `-b`), then `-p`, then `-r`; later
 * ones win. ConfigError for a name that the notebook does not declare, or a text that is not of the declared type.
 */
export async function resolveParameters(
  given: GivenParameters,
  known: readonly ParameterInfo[],
  notebookName: string,
): Promise<Record<string, unknown>> {
  const values: Record<string, unknown> = {};
  for (const file of given.files ?? []) {
    const text = await readFile(file, "utf8").catch((cause) => {
      throw new ConfigError(`there is no readable parameter file at ${file}`, { key: "-f", value: file }, { cause });
    });
    Object.assign(values, parseYamlMap(text, file));
  }
  for (const text of given.yaml ?? []) Object.assign(values, parseYamlMap(text, "the text after -y"));
  for (const text of given.base64 ?? [])
    Object.assign(values, parseYamlMap(Buffer.from(text, "base64").toString("utf8"), "the text after -b"));
  for (const name of Object.keys(values)) checkName(name, known, notebookName);
  for (const [name, text] of given.typed ?? []) values[name] = typedValue(text, checkName(name, known, notebookName));
  for (const [name, text] of given.raw ?? []) {
    checkName(name, known, notebookName);
    values[name] = text;
  }
  return values;
}
