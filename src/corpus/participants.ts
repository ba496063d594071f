/** BIDS participants.tsv: the split that a column of it gives each patient. */
import type { Finding } from "../recording/finding.js";
import type { Store } from "../store/store.js";
import { knownSplit } from "./split-names.js";

/** Code of findings about participants.tsv. */
export const PARTICIPANTS_CODE = "participants";

export const PARTICIPANTS_FILE = "participants.tsv";

/** Columns that may hold splits; "group" means patients and controls in many corpora, so that its words have to be splits. */
const COLUMNS = ["split", "set", "partition", "subset", "group"];

/** What participants.tsv says of splits. */
export interface Participants {
  /** Name of the column that holds splits; undefined where there is none. */
  readonly column: string | undefined;
  /** Split of each patient (`sub-01`); a patient whose cell is no split has the cell's text as `fault`. */
  readonly rows: ReadonlyMap<string, { readonly split?: string; readonly fault?: string }>;
  /** False where the file holds no table with participant_id. */
  readonly isTable: boolean;
  readonly findings: readonly Finding[];
}

/** A file that is not UTF-8 or empty has no columns. */
function cellsOf(text: string): string[][] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  return lines.filter((line) => line.trim() !== "").map((line) => line.split("\t").map((cell) => cell.trim()));
}

const isMissing = (cell: string) => cell === "" || cell.toLowerCase() === "n/a";

/** The first column of splits: by its name, and by its words where the name is also used for other things. */
function splitColumn(head: readonly string[], rows: readonly string[][]): number {
  const names = head.map((name) => name.toLowerCase());
  for (const name of COLUMNS) {
    const column = names.indexOf(name);
    if (column < 0) continue;
    const cells = rows.map((row) => row[column] ?? "").filter((cell) => !isMissing(cell));
    const known = cells.filter((cell) => knownSplit(cell) !== undefined).length;
    if (known > 0 && (name === "split" || known === cells.length)) return column;
  }
  return -1;
}

/** A column named as one of splits whose cells are none; "group" and the like also name other things. */
function foreignWords(head: readonly string[], rows: readonly string[][]): string[] {
  const column = head.findIndex((name) => name.toLowerCase() === "split");
  if (column < 0) return [];
  return [...new Set(rows.map((row) => row[column] ?? "").filter((cell) => !isMissing(cell)))];
}

/** Why the splits of a file cannot be used; undefined where it is a table that has them, or names no column so. */
function tableFault(head: readonly string[], rows: readonly string[][], column: number): string | undefined {
  if (head.length === 0) return "it is empty";
  if (!head.some((name) => name.toLowerCase() === "participant_id"))
    return `its first line has no column participant_id, with tabs between the columns (found "${head.slice(0, 3).join(", ").slice(0, 60)}")`;
  const words = column < 0 ? foreignWords(head, rows) : [];
  const shown = words.map((word) => `"${word}"`);
  return words.length > 0 ? `its column split names no split train, dev or eval: ${some(shown)}` : undefined;
}

const ACTION = "correct participants.tsv, or say the splits yourself with --splits DIR";

/** Parse participants.tsv. What is no table, and a column split without splits, has severity warning; rows that name a patient twice with two splits are findings of severity error. */
export function parseParticipants(text: string, file: string): Participants {
  const [head = [], ...rows] = cellsOf(text);
  const id = head.findIndex((name) => name.toLowerCase() === "participant_id");
  const column = id < 0 ? -1 : splitColumn(head, rows);
  const found = new Map<string, { split?: string; fault?: string }>();
  const findings: Finding[] = [];
  const fault = tableFault(head, rows, column);
  if (fault !== undefined)
    findings.push({
      ...{ file, code: PARTICIPANTS_CODE, severity: "warning", action: ACTION },
      message: `${fault}; it gives no patient a split`,
    });
  if (id < 0) return { column: undefined, rows: found, isTable: false, findings };
  for (const row of rows) {
    const cell = row[id] ?? "";
    const patient = cell.startsWith("sub-") ? cell : `sub-${cell}`;
    const word = column < 0 ? "" : (row[column] ?? "");
    const split = knownSplit(word);
    const entry = split === undefined ? { fault: word } : { split };
    const before = found.get(patient);
    if (before && before.split !== entry.split) {
      const message = `${patient} has two rows, as ${before.split ?? "none"} and as ${split ?? "none"}`;
      findings.push({ file, code: PARTICIPANTS_CODE, severity: "error", message, action: ACTION });
    }
    found.set(patient, entry);
  }
  return { column: column < 0 ? undefined : head[column], rows: found, isTable: true, findings };
}

function some(names: readonly string[]): string {
  return `${names.slice(0, 3).join(", ")}${names.length > 3 ? ` and ${names.length - 3} more` : ""}`;
}

/** Where folders and rows contradict each other; a patient of a folder without a split that others have has severity error. */
function contradictions({ column, rows, isTable }: Participants, patients: readonly string[], file: string): Finding[] {
  if (!isTable) return [];
  const finding = (severity: Finding["severity"], message: string): Finding => ({
    ...{ file, code: PARTICIPANTS_CODE, severity, message },
    action: ACTION,
  });
  const absent = patients.filter((patient) => !rows.has(patient));
  const odd = patients.flatMap((patient) => {
    if (column === undefined) return [];
    const fault = rows.get(patient)?.fault;
    return fault === undefined ? [] : [`${patient} ("${fault}")`];
  });
  const foldless = [...rows.keys()].filter((patient) => !patients.includes(patient));
  return [
    ...(absent.length > 0 && column !== undefined
      ? [finding("error", `folders without a row, so without a ${column}: ${some(absent)}`)]
      : []),
    ...(absent.length > 0 && column === undefined
      ? [finding("warning", `folders without a row: ${some(absent)}`)]
      : []),
    ...(odd.length > 0
      ? [finding("error", `its ${column} is none of train, dev, eval (or validation, test): ${some(odd)}`)]
      : []),
    ...(foldless.length > 0 ? [finding("warning", `rows without a folder: ${some(foldless)}`)] : []),
  ];
}

/** The splits that the participants.tsv of a corpus give its patients, and what contradicts the folders. */
export interface ParticipantSplits {
  splitOf(recording: ParticipantRecording): string | undefined;
  readonly findings: readonly Finding[];
}

/** A recording of a BIDS folder; `root` is the folder of its `sub-` folders, empty or with a slash at its end. */
export interface ParticipantRecording {
  readonly root: string;
  readonly patient: string;
}

/** Read each participants.tsv of `keys` that stands beside folders of `recordings`, and compare it with them. */
export async function readParticipants(
  store: Pick<Store, "read">,
  keys: readonly string[],
  recordings: readonly ParticipantRecording[],
  signal?: AbortSignal | undefined,
): Promise<ParticipantSplits> {
  const byRoot = new Map<string, Participants>();
  const findings: Finding[] = [];
  for (const key of keys) {
    const root = key.slice(0, -PARTICIPANTS_FILE.length);
    const patients = [...new Set(recordings.flatMap((each) => (each.root === root ? [each.patient] : [])))].sort();
    if (patients.length === 0) continue;
    const bytes = await store.read(key, signal ? { signal } : {});
    const found = parseParticipants(new TextDecoder().decode(bytes), key);
    byRoot.set(root, found);
    findings.push(...found.findings, ...contradictions(found, patients, key));
  }
  return { splitOf: ({ root, patient }) => byRoot.get(root)?.rows.get(patient)?.split, findings };
}
