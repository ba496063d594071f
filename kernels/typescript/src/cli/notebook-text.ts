import { relative } from "node:path";
import { printable, printableLines, withoutControls } from "@ictal/base/printable";
import type { CheckResult } from "../check/check.js";
import type { Notebook } from "../notebook/notebook-file.js";
import { cellTitle } from "../runner/cell-title.js";
import type { RunResult } from "../runner/execute-options.js";
import type { RunFailure } from "../runner/failure.js";
import { receiptRows } from "../runner/receipt.js";
import { formatSeconds } from "../runner/terminal.js";
import { plainValue } from "../wire/exact-json.js";

/** Exit code of each way in which a run can end early; 143 stands for SIGTERM. */
export const EXIT_CODES: Readonly<Record<RunFailure["kind"], number>> = {
  cell: 1,
  kernel: 3,
  timeout: 4,
  interrupted: 130,
};

/** `notebook, cell 3, line 5: TypeError: …` */
export function failureText(input: string, { cell, line, message }: RunFailure): string {
  const place = cell === undefined ? "" : `, cell ${cell}${line === undefined ? "" : `, line ${line}`}`;
  return `${printable(input)}${place}: ${printableLines(withoutControls(message))}`;
}

/** What the files of a run are called: paths, addresses, or `-` for standard output. */
export interface Shown {
  readonly output: string | undefined;
  readonly report: string | null;
}

const isPath = (name: string): boolean => name !== "-" && !/^[a-z][a-z0-9+.-]+:\/\//i.test(name);

/** What a run left, for people: paths, artefacts, receipt, values, time. */
export function runSummary(run: RunResult, { output, report }: Shown): string {
  const show = (path: string) => printable(isPath(path) ? relative(process.cwd(), path) || path : path);
  const lines = output === undefined ? [] : [`executed notebook  ${show(output)}`];
  if (report) lines.push(`report             ${show(report)}`);
  const { artefacts = {}, ...rest } = run.receipt ?? {};
  for (const [name, path] of Object.entries(artefacts)) lines.push(printable(`${name.padEnd(18)} ${path}`));
  const rows = receiptRows(rest);
  if (rows.length > 0) lines.push("receipt", ...rows.map(([name, value]) => printable(`  ${name}: ${value}`)));
  const values = receiptRows(run.values);
  if (values.length > 0) lines.push("values", ...values.map(([name, value]) => printable(`  ${name}: ${value}`)));
  lines.push(`${run.cells} cells in ${formatSeconds(run.seconds)}`);
  return lines.join("\n");
}

/** A run as `notebook exec --json` prints it. */
export function runJson(run: RunResult, { output, report }: Shown) {
  const { input, seconds, cells, failure, allowed, pending, receipt, values } = run;
  return {
    input,
    output: output ?? null,
    report,
    seconds,
    cells,
    failedCell: failure?.cell ?? null,
    failure: failure
      ? { kind: failure.kind, cell: failure.cell ?? null, line: failure.line ?? null, message: failure.message }
      : null,
    allowedFailures: allowed.map(({ cell, line, message }) => ({ cell: cell ?? null, line: line ?? null, message })),
    pending,
    values: plainValue(values),
    receipt: receipt === undefined ? null : plainValue(receipt),
  };
}

/** What a comparison with the stored outputs found, for people. */
export function checkText(input: string, check: CheckResult, executed: Notebook): string {
  const { compared, ignored, different } = check;
  const cells = executed.cells.filter((cell) => cell.cell_type === "code");
  const blocks = different.flatMap(({ cell, lines }) => [
    `cell ${cell} (${cellTitle(executed, cells[cell - 1]!)}):`,
    ...lines.map((line) => `  ${printable(withoutControls(line))}`),
  ]);
  const found = different.length === 0 ? "as stored" : `${different.length} with other outputs than stored`;
  return [`check of ${printable(input)}: ${compared} cells compared, ${ignored} left out; ${found}`, ...blocks].join(
    "\n",
  );
}
