/** Whose recording a relative path names: a BIDS `sub-…` folder, a TUSZ token `patient_s001_t000`, else the first folder. */
export function patientOfPath(id: string): string {
  const parts = id.split(/[\\/]/);
  const bids = parts.flatMap((part) => /^sub-[^_]+/.exec(part) ?? [])[0];
  if (bids) return bids;
  const token = /^(.+?)_s\d+_t\d+$/.exec(parts.at(-1) ?? "")?.[1];
  return token ?? parts[0] ?? id;
}
