import type { ExecutorProbe } from "../tensor/open.js";

/** A table of executors, one line each; the reasons, which are long, follow below it. */
function executorTable(executors: readonly ExecutorProbe[], chosen: string | null): string {
  const rows = executors.map((probe) => [
    probe.name,
    probe.available ? "yes" : "no",
    Number.isFinite(probe.gradientError) ? probe.gradientError.toExponential(1) : "n/a",
    Number.isFinite(probe.stepMilliseconds) ? `${probe.stepMilliseconds.toFixed(2)} ms` : "n/a",
    probe.name === chosen ? "selected by device: auto" : "",
  ]);
  const head = ["executor", "available", "gradient error", "small step", ""];
  const table = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Details and reasons of executors, one line each. */
function remarks(executors: readonly ExecutorProbe[]): string[] {
  return executors.flatMap(({ name, detail, reason }) => {
    const texts = [detail, reason].filter(Boolean);
    return texts.length > 0 ? [`${name}: ${texts.join("; ")}`] : [];
  });
}

/** The table of executors and, below it, their details. `chosen` is the one that `device: auto` selects. */
export function describeExecutors(executors: readonly ExecutorProbe[], chosen: string | null): string {
  const table = executorTable(executors, chosen);
  const lines = remarks(executors);
  return lines.length > 0 ? `${table}\n\n${lines.join("\n")}` : table;
}
