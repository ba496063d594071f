import { formatBytes } from "../../views/format-value.js";
import type { TableData } from "../../views/table.js";

/** What one worker thread holds, in bytes. */
export interface WorkerMemory {
  readonly name: string;
  readonly heapUsed: number;
  readonly heapTotal: number;
  readonly external?: number;
  readonly arrayBuffers?: number;
}

/** What the kernel's process holds, as a table; `workers` as they report themselves, undefined when they cannot. */
export function memoryTable(workers: readonly WorkerMemory[] | undefined): TableData {
  const main = process.memoryUsage();
  const peak = process.resourceUsage().maxRSS * 1024; // libuv gives kilobytes
  const heap = (used: number, total: number) => `${formatBytes(used)} of ${formatBytes(total)}`;
  const rows: [string, string][] = [
    ["resident", formatBytes(main.rss)],
    ["resident, peak", formatBytes(peak)],
    ["heap of the cells' thread", heap(main.heapUsed, main.heapTotal)],
    ["external", formatBytes(main.external)],
    ["of it array buffers", formatBytes(main.arrayBuffers)],
    ...(workers ?? []).map(({ name, heapUsed, heapTotal, arrayBuffers }): [string, string] => [
      `heap of the ${name} thread`,
      heap(heapUsed, heapTotal) + (arrayBuffers === undefined ? "" : `, array buffers ${formatBytes(arrayBuffers)}`),
    ]),
  ];
  return {
    columns: ["memory", "size"],
    rowCount: rows.length,
    row: (index) => rows[index]!,
    named: true,
    caption: "What the kernel's process holds",
    ...(workers ? {} : { note: "worker threads do not report theirs; resident counts them" }),
  };
}
