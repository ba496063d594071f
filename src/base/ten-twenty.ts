/** Names of the 10-10 system for four electrodes of the 10-20 system, to the older names that Ictal uses. */
export const OLDER_NAMES: Readonly<Record<string, "T3" | "T4" | "T5" | "T6">> = {
  T7: "T3",
  T8: "T4",
  P7: "T5",
  P8: "T6",
};

/** The temporal central parasagittal pairs in the order of NEDC's montage files (22; `_a` montages lack the ears). */
export const TCP_PAIRS = [
  ["FP1", "F7"],
  ["F7", "T3"],
  ["T3", "T5"],
  ["T5", "O1"],
  ["FP2", "F8"],
  ["F8", "T4"],
  ["T4", "T6"],
  ["T6", "O2"],
  ["A1", "T3"],
  ["T3", "C3"],
  ["C3", "CZ"],
  ["CZ", "C4"],
  ["C4", "T4"],
  ["T4", "A2"],
  ["FP1", "F3"],
  ["F3", "C3"],
  ["C3", "P3"],
  ["P3", "O1"],
  ["FP2", "F4"],
  ["F4", "C4"],
  ["C4", "P4"],
  ["P4", "O2"],
] as const;

/** The 18 pairs of the longitudinal bipolar montage ("double banana") in the order of the CHB-MIT files. */
export const DOUBLE_BANANA_PAIRS = [
  ["FP1", "F7"],
  ["F7", "T3"],
  ["T3", "T5"],
  ["T5", "O1"],
  ["FP1", "F3"],
  ["F3", "C3"],
  ["C3", "P3"],
  ["P3", "O1"],
  ["FP2", "F4"],
  ["F4", "C4"],
  ["C4", "P4"],
  ["P4", "O2"],
  ["FP2", "F8"],
  ["F8", "T4"],
  ["T4", "T6"],
  ["T6", "O2"],
  ["FZ", "CZ"],
  ["CZ", "PZ"],
] as const;

/**
 * Scalp and ear electrodes of the international 10-20 and 10-10 systems, in the older 10-20 names (T3, T4, T5, T6).
 * T1 and T2 are the anterior temporal pair that occurs in TUSZ.
 */
const NAMES = new Set(
  [
    "NZ FP1 FPZ FP2 AF9 AF7 AF5 AF3 AF1 AFZ AF2 AF4 AF6 AF8 AF10 F9 F7 F5 F3 F1 FZ F2 F4 F6 F8 F10",
    "FT9 FT7 FC5 FC3 FC1 FCZ FC2 FC4 FC6 FT8 FT10 T9 T3 C5 C3 C1 CZ C2 C4 C6 T4 T10",
    "TP9 TP7 CP5 CP3 CP1 CPZ CP2 CP4 CP6 TP8 TP10 P9 T5 P5 P3 P1 PZ P2 P4 P6 T6 P10",
    "PO9 PO7 PO5 PO3 PO1 POZ PO2 PO4 PO6 PO8 PO10 O1 OZ O2 IZ A1 A2 M1 M2 T1 T2",
  ].flatMap((row) => row.split(" ")),
);

/** Upper-case name of a 10-20 or 10-10 electrode, T7/T8/P7/P8 as T3/T4/T5/T6; undefined for any other text. */
export function tenTenName(text: string): string | undefined {
  const upper = text.trim().toUpperCase();
  const older = Object.hasOwn(OLDER_NAMES, upper) ? OLDER_NAMES[upper] : upper;
  return older !== undefined && NAMES.has(older) ? older : undefined;
}
