/**
 * Ictal: EEG seizure detection from a bucket of recordings to a scored detector. The names follow the way of the data.
 *
 * @example
 * import { buildCache, openStore, readCatalogue } from "ictal";
 * const store = openStore("s3://bucket/tusz/");
 * const catalogue = await readCatalogue(store);
 * await buildCache({ store, catalogue, cacheDir: "cache/tusz" });
 */

export * from "./exports/annotations.js";
export * from "./exports/base.js";
export * from "./exports/cache.js";
export * from "./exports/cluster.js";
export * from "./exports/config.js";
export * from "./exports/corpus.js";
export * from "./exports/dataset.js";
export * from "./exports/edf.js";
export * from "./exports/model.js";
export * from "./exports/notebook.js";
export * from "./exports/plots.js";
export * from "./exports/scoring.js";
export * from "./exports/signal.js";
export * from "./exports/store.js";
export * from "./exports/tensor.js";
export * from "./exports/training.js";
