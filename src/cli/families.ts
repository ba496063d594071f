import type { Command } from "commander";

/**
 * Groups of commands in the order of --help: the names of the commands and their loader. Only the group of the called command is
 * loaded, which keeps short commands fast; --help loads all of them.
 */
export const FAMILIES: readonly {
  readonly words: readonly string[];
  readonly load: () => Promise<(program: Command) => void>;
}[] = [
  { words: ["doctor"], load: async () => (await import("./doctor.js")).addDoctorCommand },
  { words: ["config"], load: async () => (await import("./config.js")).addConfigCommand },
  { words: ["backend"], load: async () => (await import("./backend.js")).addBackendCommand },
  { words: ["s3"], load: async () => (await import("./s3.js")).addS3Command },
  { words: ["edf"], load: async () => (await import("./edf.js")).addEdfCommand },
  { words: ["annotations"], load: async () => (await import("./annotations.js")).addAnnotationsCommand },
  { words: ["corpus"], load: async () => (await import("./corpus.js")).addCorpusCommand },
  { words: ["cache", "manifest"], load: async () => (await import("./cache.js")).addCacheCommand },
  { words: ["dataset"], load: async () => (await import("./dataset.js")).addDatasetCommand },
  { words: ["train"], load: async () => (await import("./train.js")).addTrainCommand },
  { words: ["predict"], load: async () => (await import("./predict.js")).addPredictCommand },
  { words: ["model"], load: async () => (await import("./model.js")).addModelCommand },
  { words: ["detect"], load: async () => (await import("./detect.js")).addDetectCommand },
  { words: ["stream"], load: async () => (await import("./stream.js")).addStreamCommand },
  { words: ["notebook"], load: async () => (await import("./notebook.js")).notebookCommand() },
  { words: ["score"], load: async () => (await import("./score.js")).addScoreCommand },
  { words: ["threshold"], load: async () => (await import("./threshold.js")).addThresholdCommand },
  { words: ["report"], load: async () => (await import("./report.js")).addReportCommand },
  { words: ["modal"], load: async () => (await import("./modal.js")).addModalCommand },
  { words: ["review"], load: async () => (await import("./review.js")).addReviewCommand },
  { words: ["lab"], load: async () => (await import("./notebook.js")).labCommand() },
  { words: ["shard"], load: async () => (await import("./shard.js")).addShardCommand },
  { words: ["slurm"], load: async () => (await import("./slurm.js")).addSlurmCommand },
  { words: ["kernel"], load: async () => (await import("./notebook.js")).kernelCommand() },
];
