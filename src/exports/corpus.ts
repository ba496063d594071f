/**
 * A corpus as a catalogue of recordings with labels and splits; checks, duplicates, synthesis.
 * @module ictal/corpus
 */
export { type Catalogue, readCatalogue } from "../corpus/catalogue.js";
export { type CorpusReport, checkCorpus } from "../corpus/check.js";
export { checkCorpusAnnotations, type RecordingAnnotations } from "../corpus/check-corpus-annotations.js";
export { type CorpusSource, catalogueKeys, openCorpusSource } from "../corpus/corpus-source.js";
export { findDuplicates } from "../corpus/duplicates.js";
export { type FindingSummary, summarizeFindings } from "../corpus/finding-summary.js";
export {
  type IctalSpectra,
  type IctalSpectraOptions,
  ictalSpectra,
  type SpectrumQuartiles,
} from "../corpus/ictal-spectra.js";
export { type ChannelLabels, type RecordingLabels, readLabels } from "../corpus/labels.js";
export type { RecordingEntry } from "../corpus/recording-entry.js";
export {
  type ElectrodeOnsets,
  type SeizureSpread,
  type SeizureSpreads,
  seizureSpreads,
} from "../corpus/seizure-spread.js";
export { readSplitFile } from "../corpus/split-file.js";
export { readSplits, writeSplits } from "../corpus/splits.js";
export { type InjectOptions, injectSeizures } from "../corpus/synthetic/inject.js";
export type { InjectReport } from "../corpus/synthetic/inject-folder.js";
export { type SynthesizeOptions, type SyntheticReport, synthesizeCorpus } from "../corpus/synthetic/synthesize.js";
