/** What the same measures are elsewhere. Peers: an audit in November 2026, by a script of its own with the same definitions. */

/** Columns beside ours. */
export const COLUMNS = ["Ictal 0.1 (f93b1e8)", "zarrita", "hyparquet", "ky", "Observable Plot"] as const;

/** Cells of each measure, in the order of the columns. */
export const ANCHORS: Readonly<Record<string, readonly string[]>> = {
  "files / lines": ["634 / 59.7k", "39 / 5.7k", "26 / 5.1k", "30 / 4.0k", "81 / 15k"],
};
