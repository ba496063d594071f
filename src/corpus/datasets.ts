/** Corpora by the names of `data.dataset`, with the layout of their folders. */
import type { LayoutName } from "./layout.js";

/** Undefined where there are several layouts, told apart by the files. */
export const DATASETS = {
  tuh_eeg: undefined,
  chb_mit: "chb-mit",
  siena: "siena",
  seizeit1: "seizeit1",
  seizeit2: "bids",
  bids: "bids",
  flat: "flat",
} as const satisfies Readonly<Record<string, LayoutName | undefined>>;

/** The names, for messages and schemas. */
export const DATASET_NAMES = Object.keys(DATASETS) as readonly (keyof typeof DATASETS)[]; // the keys are listed above
