import { chbMit, seizeIt1, siena } from "../corpus/field-layouts.js";

/**
 * Whose recording a relative path names: a BIDS `sub-…` folder, a TUSZ token `patient_s001_t000`, the patient of a case of CHB-MIT
 * (chb21 is chb01), of Siena or of SeizeIT1, else the first folder.
 */
export function patientOfPath(id: string): string {
  const parts = id.split(/[\\/]/);
  const bids = parts.flatMap((part) => /^sub-[^_]+/.exec(part) ?? [])[0];
  if (bids) return bids;
  const token = /^(.+?)_s\d+_t\d+$/.exec(parts.at(-1) ?? "")?.[1];
  if (token !== undefined) return token;
  const path = `${parts.join("/")}.edf`;
  const placed = [chbMit, siena, seizeIt1]
    .map((layout) => layout.place(path, path))
    .find((place) => typeof place !== "string");
  return typeof placed === "object" ? placed.patient : (parts[0] ?? id);
}
