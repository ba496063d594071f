/** The work of `ictal config`, loaded when one of its verbs is called. */
import { resolve } from "node:path";
import type { Outcome } from "@ictal/base/action";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { isIctalError } from "@ictal/base/errors";
import { projectPath } from "../base/project.js";
import { configDocument } from "../config/document.js";
import { configJsonSchema, configSchemaText } from "../config/json-schema.js";
import { type ConfigValue, configValues } from "../config/key-list.js";
import { parseConfig } from "../config/load-config.js";
import type { Config } from "../config/schema.js";
import { readConfig } from "./data-options.js";

/** Flags of `config show`. */
export interface ShowFlags {
  readonly config?: string;
  readonly set?: readonly string[];
}

const COLUMNS = ["KEY", "VALUE", "UNIT", "ORIGIN", "DEFAULT", "DESCRIPTION"] as const;

const shown = (value: unknown) => (value === null ? "-" : JSON.stringify(value));

function table(values: readonly ConfigValue[]): string {
  const rows = values.map(({ key, value, unit, origin, default: usual, description }) => [
    key,
    shown(value),
    unit ?? "",
    origin,
    origin === "default" ? "" : shown(usual),
    description,
  ]);
  const lines = [[...COLUMNS], ...rows];
  const widths = COLUMNS.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** How far a configuration looks ahead; the reason where its network cannot be. */
async function budgetOf(config: Config): Promise<string> {
  const { lookAheadFromConfig, lookAheadText } = await import("../config/look-ahead.js");
  try {
    return lookAheadText(lookAheadFromConfig(config));
  } catch (error) {
    if (!isIctalError(error, "ConfigError")) throw error;
    return `unknown, since the detector cannot be made: ${error.message}`;
  }
}

/** Every key with its value and where it comes from. */
export async function showConfig({ config: file, set = [] }: ShowFlags): Promise<Outcome> {
  const loaded = file === undefined ? parseConfig("", "(defaults)", { set }) : await readConfig(file, { set });
  const values = configValues(loaded);
  const notice = loaded.notice === undefined ? "" : `\n\n${loaded.notice}`;
  return { json: values, text: `${table(values)}\n\nLook-ahead: ${await budgetOf(loaded.config)}${notice}` };
}

/** Flags of the verbs that write a file. */
export interface OutFlags {
  readonly out?: string;
}

async function printOrWrite(text: string, out: string | undefined): Promise<string> {
  if (out === undefined) return text.trimEnd();
  const path = resolve(out);
  await writeFileAtomic(path, text);
  return `written: ${path}`;
}

/** The JSON Schema of a configuration file. */
export async function writeSchema({ out }: OutFlags): Promise<Outcome> {
  return { json: configJsonSchema(), text: await printOrWrite(configSchemaText(), out) };
}

/** Writes docs/configuration.md of this project. */
export async function writeDocument(): Promise<Outcome> {
  const out = projectPath("docs/configuration.md");
  return { json: { out }, text: await printOrWrite(configDocument(), out) };
}
