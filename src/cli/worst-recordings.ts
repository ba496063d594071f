/** The recordings with the worst mistakes, with links to their review pages. */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { escapeHtml } from "@ictal/base/html";
import { longestMissSeconds, worstFirst } from "../base/worst-first.js";
import { eventOutcomes } from "../scoring/event-outcomes.js";
import type { ScoredPair } from "../scoring/score.js";
import { type Markup, tableHtml } from "./html-table.js";

const SHOWN = 20;

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

/**
 * A table in the order of the review list (`worstFirst`). A recording links to its page `review/<id with -- for />.html` in
 * `folder`, where that file exists; `pageId` gives the id that the page is named for.
 */
export async function worstHtml(
  pairs: readonly ScoredPair[],
  folder: string,
  pageId: (id: string) => string = (id) => id,
): Promise<string> {
  const wrong = worstFirst(pairs.map((pair) => ({ ...pair, ...eventOutcomes(pair) }))).filter(
    ({ misses, falseAlarms }) => misses.length + falseAlarms.length > 0,
  );
  if (wrong.length === 0) return "<p>No recording has a missed seizure or a false alarm.</p>";
  let linked = 0;
  const rows = wrong.slice(0, SHOWN).map(async (recording): Promise<(string | Markup)[]> => {
    const { id, misses, falseAlarms, reference } = recording;
    const target = `review/${pageId(id).replace(/[\\/]/g, "--")}.html`;
    const exists = await isThere(join(folder, target));
    if (exists) linked += 1;
    const at = (misses[0] ?? falseAlarms[0])?.startSeconds ?? 0;
    const name = exists ? { html: `<a href="${encodeURI(target)}#t=${at.toFixed(1)}">${escapeHtml(id)}</a>` } : id;
    const longest = misses.length > 0 ? `${longestMissSeconds(recording).toFixed(1)} s` : "–";
    return [name, `${reference.length}`, `${misses.length}`, longest, `${falseAlarms.length}`];
  });
  const columns = ["recording", "seizures", "missed", "longest missed", "false alarms"];
  const table = tableHtml({
    columns,
    rows: await Promise.all(rows),
    caption: `By any overlap (OVLP), the longest missed seizure first${wrong.length > SHOWN ? `; ${SHOWN} of ${wrong.length}` : ""}`,
  });
  const hint = `<p class="note">Recordings link to pages of EEG that <code>ictal review --out ${escapeHtml(join(folder, "review"))}</code> writes, when they are there as the report is written.</p>`;
  return linked > 0 ? table : `${table}${hint}`;
}
