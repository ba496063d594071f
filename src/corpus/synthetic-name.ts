import { isIctalError } from "@ictal/base/errors";
import type { Store } from "../store/store.js";
import type { Catalogue } from "./catalogue.js";

/** Name of the list of files that `synthesizeCorpus` writes last beside `edf/`; a folder without it is incomplete. */
export const SYNTHETIC_MARKER = "synthetic.json";

/** Name of the synthetic corpus of a catalogue, by the marker beside its `edf/` folder; undefined for all others. */
export async function readSyntheticName(store: Store, catalogue: Catalogue): Promise<string | undefined> {
  const key = catalogue.recordings[0]?.edfKey ?? "";
  const root = /^(.*\/)?edf\//.exec(key);
  if (!root) return undefined;
  try {
    const bytes = await store.read(`${root[1] ?? ""}${SYNTHETIC_MARKER}`);
    const marker: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const found = marker as { seed?: unknown; realism?: { difficulty?: unknown } } | null; // any JSON may be there
    if (typeof found?.seed !== "number") return undefined;
    const difficulty = found.realism?.difficulty;
    return `Ictal synthetic corpus, seed ${found.seed}${typeof difficulty === "number" ? `, difficulty ${difficulty}` : ""}`;
  } catch (error) {
    if (isIctalError(error, "NotFoundError") || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
