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
