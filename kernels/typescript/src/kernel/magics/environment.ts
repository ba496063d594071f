import type { TableData } from "../../views/table.js";

const SECRET = /SECRET|TOKEN|PASSWORD|PASSWD|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE/i;
const HIDDEN = "(hidden)";

function environmentTable(): TableData {
  const names = Object.keys(process.env).sort();
  const rows = names.map((name) => [name, SECRET.test(name) ? HIDDEN : process.env[name]]);
  const hidden = rows.some(([, value]) => value === HIDDEN);
  return {
    columns: ["variable", "value"],
    rowCount: rows.length,
    row: (index) => rows[index] ?? [],
    named: true,
    caption: "Environment of the kernel",
    ...(hidden ? { note: "values whose names speak of secrets are hidden; %env NAME prints one" } : {}),
  };
}

/** Runs `%env`: a table of all variables; the value of one; or sets one (`NAME=VALUE`, `NAME VALUE`) and prints that. */
export function environment(argument: string): TableData | string {
  if (argument === "") return environmentTable();
  const [, name, value] = /^([^\s=]+)(?:\s*=\s*|\s+)?([\s\S]*)$/.exec(argument) ?? [];
  if (name === undefined) throw new Error(`%env expects NAME or NAME=VALUE, found ${argument}`);
  if (!/[\s=]/.test(argument)) {
    const current = process.env[name];
    if (current === undefined) throw new Error(`there is no environment variable ${name}; %env ${name}=VALUE sets it`);
    return current;
  }
  process.env[name] = value;
  return `env: ${name}=${value}`;
}
