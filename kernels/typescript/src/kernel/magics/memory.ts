import { formatBytes } from "../../views/format-value.js";
import type { TableData } from "../../views/table.js";
import type { ThreadMemory } from "../threads/thread-memory.js";

/** What the kernel's process holds, as a table; `threads` are those that answered, `silent` names those that did not. */
export function memoryTable(threads: readonly ThreadMemory[], silent: readonly string[]): TableData {
  const main = process.memoryUsage();
  const peak = process.resourceUsage().maxRSS * 1024; // libuv gives kilobytes
  const heap = (used: number, total: number) => `${formatBytes(used)} of ${formatBytes(total)}`;
  const rows: [string, string][] = [
    ["resident", formatBytes(main.rss)],
    ["resident, peak", formatBytes(peak)],
    ["heap of the cells' thread", heap(main.heapUsed, main.heapTotal)],
    ["external", formatBytes(main.external)],
    ["of it array buffers", formatBytes(main.arrayBuffers)],
    ...threads.map(({ name, heapUsed, heapTotal, arrayBuffers }): [string, string] => [
      `heap of the ${name} thread`,
      `${heap(heapUsed, heapTotal)}, array buffers ${formatBytes(arrayBuffers)}`,
    ]),
  ];
  return {
    columns: ["memory", "size"],
    rowCount: rows.length,
    row: (index) => rows[index] ?? [],
    named: true,
    caption: "What the kernel's process holds",
    ...(silent.length > 0 ? { note: `no answer from the ${silent.join(" and ")} thread, it is busy` } : {}),
  };
}
