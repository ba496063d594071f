import type { Outcome } from "@ictal/base/action";
import { printable, withoutControls } from "@ictal/base/printable";
import { type CellChange, diffNotebooks } from "../check/diff-notebooks.js";
import { createSanitizer } from "../check/sanitize.js";
import { readPlace } from "./notebook-verbs.js";
import type { VerbHost } from "./verb-host.js";

export interface DiffFlags {
  readonly sources?: boolean;
  readonly sanitize?: readonly string[];
  readonly tolerance?: number;
}

function headOf({ kind, before, after }: CellChange): string {
  if (kind === "added") return `cell ${after} added:`;
  if (kind === "removed") return `cell ${before} removed:`;
  return before === after ? `cell ${after}:` : `cell ${before}, now ${after}:`;
}

/** Compares two notebooks cell by cell; exit code 1 when they differ. */
export async function diff(host: VerbHost, before: string, after: string, flags: DiffFlags): Promise<Outcome> {
  const sanitize = await createSanitizer(flags.sanitize);
  const how = { sanitize, tolerance: flags.tolerance ?? 0, outputs: !flags.sources };
  const changes = diffNotebooks(await readPlace(host, before), await readPlace(host, after), how);
  const blocks = changes.flatMap((change) => [
    headOf(change),
    ...change.lines.map((line) => `  ${printable(withoutControls(line))}`),
  ]);
  const what = flags.sources ? "the same sources" : "the same sources and outputs";
  return {
    json: { before, after, changes },
    text: blocks.length > 0 ? blocks.join("\n") : `${printable(before)} and ${printable(after)} have ${what}`,
    exitCode: changes.length > 0 ? 1 : 0,
  };
}
