import { readFile } from "node:fs/promises";
import { ConfigError } from "@ictal/base/errors";
import { nearestName } from "@ictal/base/nearest";
import { formatExactJson } from "../wire/exact-json.js";
import { fitValue } from "./fit-value.js";
import { type Given, givenByYaml } from "./given-value.js";
import { parameterType } from "./parameter-types.js";
import type { ParameterInfo, ParameterLanguage } from "./parameters.js";

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

/** A value with its name and where it was given. */
interface Assignment {
  readonly name: string;
  readonly given: Given;
  /** The flag, and the file where there is one. */
  readonly source: string;
}

function checkName(name: string, known: readonly ParameterInfo[], notebookName: string): ParameterInfo {
  const parameter = known.find((candidate) => candidate.name === name);
  if (parameter) return parameter;
  const names = known.map((candidate) => candidate.name);
  const nearest = nearestName(name, names);
  const listed =
    names.length > 0
      ? `its parameters are ${names.join(", ")}`
      : 'no cell of it is tagged "parameters", or that cell declares none';
  throw new ConfigError(
    `${notebookName} has no parameter called "${name}"; ${listed}${nearest ? ` (did you mean ${nearest}?)` : ""}`,
    {
      key: name,
      allowed: names.join(", "),
      ...(nearest === undefined ? {} : { nearest }),
    },
  );
}

/** The value as it was written, for messages. */
function shown(given: Given): string {
  const plain = (value: Given): unknown => {
    if (value.kind === "text" || value.kind === "unfit") return value.text;
    if (value.kind === "scalar") return value.value;
    return value.kind === "list"
      ? value.items.map(plain)
      : Object.fromEntries(value.entries.map(([name, member]) => [name, plain(member)]));
  };
  if (given.kind === "unfit") return given.text;
  const value = plain(given);
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : formatExactJson(value);
}

/** The assignment's value in the type of its parameter; ConfigError that names both and the flag when it cannot be one. */
function typedValue({ given, source }: Assignment, parameter: ParameterInfo, language: ParameterLanguage): unknown {
  const { name, type } = parameter;
  const value = shown(given);
  const refuse = (reason: string): never => {
    const message = `parameter ${name} is of type ${type}; the value ${value} is not (given by ${source})`;
    throw new ConfigError(reason ? `${message}: ${reason}` : message, { key: name, value, allowed: type });
  };
  const fit = fitValue(given, parameterType(parameter, language), language);
  return "value" in fit ? fit.value : refuse(fit.reason);
}

function readUtf8(bytes: Uint8Array, place: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ConfigError(`${place} is not UTF-8 text`, { key: place }, { cause });
  }
}

async function readParameterFile(file: string): Promise<string> {
  const bytes = await readFile(file).catch((cause) => {
    throw new ConfigError(
      `there is no readable parameter file at ${file}; check the path`,
      { key: "-f", value: file },
      { cause },
    );
  });
  return readUtf8(bytes, file);
}

function decodeBase64(text: string): string {
  const bare = text.replace(/\s+/g, "");
  const bytes = Buffer.from(bare, "base64");
  const digits = bare.replace(/={1,2}$/, "");
  const isPadded = digits === bare || bare.length % 4 === 0;
  // Stray characters and bits, as in a text that was cut, come not back.
  const isWhole = digits !== "" && digits.replaceAll("+", "-").replaceAll("/", "_") === bytes.toString("base64url");
  if (!isPadded || !isWhole) throw new ConfigError("the text after -b is not base64", { key: "-b", value: text });
  return readUtf8(bytes, "the text after -b");
}

/** The members of a YAML map of parameters; `place` is what messages call the text, `source` its flag. */
function assignmentsOf(text: string, place: string, source: string): Assignment[] {
  const given = givenByYaml(text, place);
  if (given.kind === "map") return given.entries.map(([name, value]) => ({ name, given: value, source }));
  const isEmpty = given.kind === "scalar" && given.value === null;
  const found = isEmpty ? "holds nothing" : `holds ${shown(given)}`;
  throw new ConfigError(`${place} ${found}; a map of parameter names to values was expected, e.g. seed: 3`, {
    key: place,
  });
}

async function assignments(given: GivenParameters): Promise<Assignment[]> {
  const all: Assignment[] = [];
  for (const file of given.files ?? []) all.push(...assignmentsOf(await readParameterFile(file), file, `-f ${file}`));
  for (const text of given.yaml ?? []) all.push(...assignmentsOf(text, "the text after -y", "-y"));
  for (const text of given.base64 ?? []) all.push(...assignmentsOf(decodeBase64(text), "the text after -b", "-b"));
  for (const [name, text] of given.typed ?? []) all.push({ name, given: { kind: "text", text }, source: "-p" });
  for (const [name, value] of given.raw ?? []) all.push({ name, given: { kind: "scalar", value }, source: "-r" });
  return all;
}

/**
 * The values to inject, by parameter name: files, then YAML texts (`-y`, then `-b`), then `-p`, then `-r`; later
 * ones win. ConfigError for a name that the notebook does not declare, or a value that is not of the declared type,
 * overridden ones included. NaN and infinities are numbers; an integer beyond 2^53 fits bigint, and int in Python.
 */
export async function resolveParameters(
  given: GivenParameters,
  known: readonly ParameterInfo[],
  notebookName: string,
  language: ParameterLanguage = "typescript",
): Promise<Record<string, unknown>> {
  const values = new Map<string, unknown>();
  for (const assignment of await assignments(given)) {
    const parameter = checkName(assignment.name, known, notebookName);
    values.set(parameter.name, typedValue(assignment, parameter, language));
  }
  return Object.fromEntries(values);
}
