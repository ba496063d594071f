/** What the same measures are elsewhere. Peers: an audit in November 2026, by a script of its own with the same definitions. */

/** Columns beside ours; the first was measured by this folder's script. */
export const COLUMNS = ["Ictal 0.1 (f93b1e8)", "zarrita", "hyparquet", "ky", "Observable Plot"] as const;

/** Cells of each measure, in the order of the columns. */
export const ANCHORS: Readonly<Record<string, readonly string[]>> = {
  "files / lines": ["612 / 57.8k", "39 / 5.7k", "26 / 5.1k", "30 / 4.0k", "81 / 15k"],
  "file median / p95 / max": [
    "80 / 224 / 358",
    "106 / 418 / 549",
    "180 / 405 / 478",
    "49 / 476 / 1140",
    "143 / – / 764",
  ],
  "function median / p90 / p95 / max": [
    "8 / 22 / 30 / 191",
    "10 / 32 / 43 / 115",
    "15 / 55 / 81 / 142",
    "11 / 57 / 77 / 170",
    "6 / 31 / – / 340",
  ],
  "cyclomatic p95 / max / over 15": [
    "8 / 25 / 13 of 3,724",
    "8 / 27 / 3 of 227",
    "27 / 50 / 18 of 155",
    "16 / 47 / 5 of 92",
    "–",
  ],
  "parameters p95 / max": ["4 / 8", "3 / 6", "5 / 6", "3 / 4", "–"],
  "exports per file median / p95; index": ["3 / 9; 332", "3 / 30; 46", "3 / 8; 14", "2 / 15; 36", "–"],
  "imports per file median / p95": ["3 / 13", "3 / 15", "2 / 6", "2 / 21", "–"],
  "folder depth": ["3", "1", "0", "1", "1"],
  "cycles of values / types": ["0 / 0", "0 / 0", "0 / 0", "0 / 0", "0"],
  "comment share; exports with doc": ["10 %; 89 %", "17 %", "31 %", "40 %", "8 %"],
  "any / casts / non-null `!`": ["0 / 501 / 1,348", "7 / 59 / 0", "0 (JSDoc)", "19 / 54 / 7", "–"],
  "plain `new Error` of throws": ["16 of 681", "12 of 56", "68 of 69", "4 of 41", "–"],
  "test lines : src lines": ["0.50 (1,161 tests)", "1.4", "1.0", "3.7", "–"],
  "run-time dependencies": ["18", "2", "0", "0", "3"],
};
