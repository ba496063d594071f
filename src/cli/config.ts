import { action } from "@ictal/base/action";
import { collect } from "@ictal/base/flags";
import type { Command } from "commander";
import type { OutFlags, ShowFlags } from "./config-work.js";

/** Loaded when a verb is called: its help needs none of it. */
const work = () => import("./config-work.js");

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
    .action(action(async (flags: ShowFlags) => (await work()).showConfig(flags)));
  config
    .command("schema")
    .description("the JSON Schema (draft 2020-12) of a configuration file")
    .option("--out <file>", "write it to a file instead of printing it")
    .option("--json", "print one JSON document")
    .action(action(async (flags: OutFlags) => (await work()).writeSchema(flags)));
  config
    .command("docs", { hidden: true })
    .description("write docs/configuration.md")
    .option("--json", "print one JSON document")
    .action(action(async () => (await work()).writeDocument()));
}
