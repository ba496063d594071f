/** Siena's `subject_info.csv`: the type of all seizures of a patient, beside the folders of the patients. */
import { labelOfHedScore } from "./labels.js";

export const SUBJECTS_FILE = "subject_info.csv";

/** HED-SCORE event types of its column "seizure": focal with and without impaired awareness, focal to bilateral tonic-clonic. */
const TYPES: Readonly<Record<string, string>> = { IAS: "sz_foc_ia", WIAS: "sz_foc_a", FBTC: "sz_foc_f2b" };

/** The type of a patient's seizures, as far as the table gives it. */
export interface SubjectSeizures {
  /** Label of the type; undefined where the table has none for the patient. */
  readonly label?: string | undefined;
  /** A type that is not known, with its line in the table, from 1. */
  readonly unknown?: { readonly type: string; readonly line: number } | undefined;
}

/** Read the patient's row; columns are found by name. A table without them gives no type. */
export function subjectSeizures(text: string, patient: string): SubjectSeizures {
  const rows = text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\r|\n/)
    .map((line) => line.split(",").map((cell) => cell.trim()));
  const head = (rows[0] ?? []).map((name) => name.toLowerCase());
  const [id, column] = [head.indexOf("patient_id"), head.indexOf("seizure")];
  if (id < 0 || column < 0) return {};
  const index = rows.findIndex((row, i) => i > 0 && row[id]?.toUpperCase() === patient.toUpperCase());
  const type = rows[index]?.[column]?.toUpperCase() ?? "";
  if (type === "") return {};
  const known = Object.hasOwn(TYPES, type) ? labelOfHedScore(TYPES[type]!) : undefined;
  return known === undefined ? { unknown: { type, line: index + 1 } } : { label: known };
}
