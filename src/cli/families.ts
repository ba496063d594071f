import type { Command } from "commander";

/** Commands that are loaded together. */
export interface Family {
  /** Names of the commands. */
  readonly words: readonly string[];
  /** Whether the commands speak of all others, so that those are loaded too. @default false */
  readonly needsAll?: boolean;
  readonly load: () => Promise<(program: Command) => void>;
}

/**
 * Headings of `ictal --help` and the commands below each, in their order. Only the family of the called command is loaded,
 * which keeps short commands fast; --help loads all of them.
 */
export const GROUPS: readonly { readonly heading: string; readonly families: readonly Family[] }[] = [
  {
    heading: "Machine and configuration:",
    families: [
      { words: ["doctor"], load: async () => (await import("./doctor.js")).addDoctorCommand },
      { words: ["backend"], load: async () => (await import("./backend.js")).addBackendCommand },
      { words: ["config"], load: async () => (await import("./config.js")).addConfigCommand },
      {
        words: ["completion"],
        needsAll: true,
        load: async () => (await import("./completion.js")).addCompletionCommand,
      },
    ],
  },
  {
    heading: "Data:",
    families: [
      { words: ["s3"], load: async () => (await import("./s3.js")).addS3Command },
      { words: ["edf"], load: async () => (await import("./edf.js")).addEdfCommand },
      { words: ["annotations"], load: async () => (await import("./annotations.js")).addAnnotationsCommand },
      { words: ["corpus"], load: async () => (await import("./corpus.js")).addCorpusCommand },
      { words: ["cache", "manifest"], load: async () => (await import("./cache.js")).addCacheCommand },
      { words: ["dataset"], load: async () => (await import("./dataset.js")).addDatasetCommand },
    ],
  },
  {
    heading: "Training:",
    families: [
      { words: ["train"], load: async () => (await import("./train.js")).addTrainCommand },
      { words: ["model"], load: async () => (await import("./model.js")).addModelCommand },
    ],
  },
  {
    heading: "Results:",
    families: [
      { words: ["predict"], load: async () => (await import("./predict.js")).addPredictCommand },
      { words: ["detect"], load: async () => (await import("./detect.js")).addDetectCommand },
      { words: ["score"], load: async () => (await import("./score.js")).addScoreCommand },
      { words: ["threshold"], load: async () => (await import("./threshold.js")).addThresholdCommand },
      { words: ["report"], load: async () => (await import("./report.js")).addReportCommand },
      { words: ["review"], load: async () => (await import("./review.js")).addReviewCommand },
    ],
  },
  {
    heading: "Notebooks:",
    families: [
      { words: ["notebook"], load: async () => (await import("./notebook.js")).notebookCommand() },
      { words: ["lab"], load: async () => (await import("./notebook.js")).labCommand() },
      { words: ["kernel"], load: async () => (await import("./notebook.js")).kernelCommand() },
    ],
  },
  {
    heading: "Clusters and clouds:",
    families: [
      { words: ["shard"], load: async () => (await import("./shard.js")).addShardCommand },
      { words: ["slurm"], load: async () => (await import("./slurm.js")).addSlurmCommand },
      { words: ["modal"], load: async () => (await import("./modal.js")).addModalCommand },
    ],
  },
];

/** Every family, in the order of --help. */
export const FAMILIES: readonly Family[] = GROUPS.flatMap(({ families }) => families);
