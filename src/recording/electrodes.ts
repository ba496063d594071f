import { ownValue } from "@ictal/base/records";
import { OLDER_NAMES } from "../base/ten-twenty.js";

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

/** `EEG ` before the name and a common reference after it; a second electrode after the dash is a bipolar pair. */
const LABEL = /^(?:EEG[ -]+)?([A-Z]+\d*)\.*(?: *- *(?:REF|LE|AVG|AV|AR|CAR))?$/;

/**
 * Electrode of a signal label in upper case with T3/T4/T5/T6 naming: `EEG FP1-REF`, `EEG FP1-LE`, `Fp1`, `Fp1-Avg` give
 * "FP1", `T7` gives "T3". The whole name must match: `EEG C3P-REF`, `EKG1`, `FP1-F7` and `EEG 31-REF` give undefined.
 */
export function electrodeOf(label: string): string | undefined {
  const name = LABEL.exec(label.trim().toUpperCase())?.[1];
  if (name === undefined) return undefined;
  const older = ownValue(OLDER_NAMES, name) ?? name;
  return NAMES.has(older) ? older : undefined;
}
