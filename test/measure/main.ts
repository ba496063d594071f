/*
 * The table of measurements in CONTRIBUTING.md.
 *   node dist/test/measure/main.js                print it
 *   node dist/test/measure/main.js --write        put it into CONTRIBUTING.md
 *   node dist/test/measure/main.js --root DIR     measure another checkout (one column)
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { ANCHORS, COLUMNS } from "./anchors.js";
import { measureShape } from "./shape.js";
import { project } from "./sources.js";

const GUIDE = join(project, "CONTRIBUTING.md");
const [BEGIN, END] = ["<!-- measurements -->", "<!-- end of measurements -->"];

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** The table in Markdown: ours beside the anchors. */
function tableOf(ours: readonly [name: string, value: string][]): string {
  const head = ["", "Ictal now", ...COLUMNS];
  const body = ours.map(([name, value]) => row([name, value, ...(ANCHORS[name] ?? COLUMNS.map(() => "–"))]));
  return [row(head), row(head.map(() => "---")), ...body].join("\n");
}

/** `text` with the table between its two marks. */
function withTable(text: string, table: string): string {
  const [start, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (start < 0 || end < start) throw new RangeError(`no ${BEGIN} … ${END} in ${GUIDE}`);
  return `${text.slice(0, start + BEGIN.length)}\n${table}\n${text.slice(end)}`;
}

const { values } = parseArgs({ options: { write: { type: "boolean" }, root: { type: "string" } } });
const ours = measureShape(values.root ?? project);
if (values.root !== undefined) console.log(ours.map(([name, value]) => `${name}: ${value}`).join("\n"));
else if (values.write) writeFileSync(GUIDE, withTable(readFileSync(GUIDE, "utf8"), tableOf(ours)));
else console.log(tableOf(ours));
