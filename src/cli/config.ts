import { resolve } from "node:path";
import { action, type Outcome } from "@ictal/base/action";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { collect } from "@ictal/base/flags";
import type { Command } from "commander";
import { projectPath } from "../base/project.js";
import { configDocument } from "../config/document.js";
import { configJsonSchema, configSchemaText } from "../config/json-schema.js";
import { type ConfigValue, configValues } from "../config/key-list.js";
import { parseConfig } from "../config/load-config.js";
import { readConfig } from "./data-options.js";

interface ShowFlags {
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

async function show({ config: file, set = [] }: ShowFlags): Promise<Outcome> {
  const loaded = file === undefined ? parseConfig("", "(defaults)", { set }) : await readConfig(file, { set });
  const values = configValues(loaded);
  const notice = loaded.notice === undefined ? "" : `\n\n${loaded.notice}`;
  return { json: values, text: `${table(values)}${notice}` };
}

interface OutFlags {
  readonly out?: string;
}

async function printOrWrite(text: string, out: string | undefined): Promise<string> {
  if (out === undefined) return text.trimEnd();
  const path = resolve(out);
  await writeFileAtomic(path, text);
  return `written: ${path}`;
}

async function schema({ out }: OutFlags): Promise<Outcome> {
  return { json: configJsonSchema(), text: await printOrWrite(configSchemaText(), out) };
}

async function docs(): Promise<Outcome> {
  const out = projectPath("docs/configuration.md");
  return { json: { out }, text: await printOrWrite(configDocument(), out) };
}

const HELP = `
Examples:
  ictal config show --config configs/smoke_test.yaml --set training.epochs=2
  ictal config schema --out configs/schema.json`;

/** Adds `ictal config show|schema`. */
export function addConfigCommand(program: Command): void {
  const config = program
    .command("config")
    .description("the keys of a configuration: values, defaults, units, and a JSON Schema for editors")
    .addHelpText("after", HELP);
  config
    .command("show")
    .description("every key with its value, its unit and where the value comes from")
    .option("--config <file>", "configuration (YAML); without it the defaults")
    .option("--set <section.key=value>", "override a value of the configuration; repeatable", collect)
    .option("--json", "print one JSON document")
    .action(action(show));
  config
    .command("schema")
    .description("the JSON Schema (draft 2020-12) of a configuration file")
    .option("--out <file>", "write it to a file instead of printing it")
    .option("--json", "print one JSON document")
    .action(action(schema));
  config
    .command("docs", { hidden: true })
    .description("write docs/configuration.md")
    .option("--json", "print one JSON document")
    .action(action(docs));
}
