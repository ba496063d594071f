import type { Command } from "commander";

/** What --help lists of a verb: its options and operands in short, and its description, which its own --help shows too. */
type Listed = readonly [usage: string, description: string];

/**
 * Groups of commands in the order of --help. Only the group of the called command is loaded; the list of all verbs is shown without
 * loading any. A test compares it with the commands themselves.
 */
export const FAMILIES: readonly {
  readonly verbs: Readonly<Record<string, Listed>>;
  readonly load: () => Promise<(program: Command) => void>;
}[] = [
  {
    verbs: {
      doctor: ["[options]", "test every executor on this machine, and print how to install those that do not work"],
    },
    load: async () => (await import("./doctor.js")).addDoctorCommand,
  },
  {
    verbs: {
      config: ["", "the keys of a configuration: values, defaults, units, and a JSON Schema for editors"],
    },
    load: async () => (await import("./config.js")).addConfigCommand,
  },
  {
    verbs: {
      backend: ["", "list and build executors, the backends of training and prediction"],
    },
    load: async () => (await import("./backend.js")).addBackendCommand,
  },
  {
    verbs: {
      s3: ["", "serve a folder as an S3 bucket, or download a bucket into a folder"],
    },
    load: async () => (await import("./s3.js")).addS3Command,
  },
  {
    verbs: {
      edf: ["", "inspect and de-identify EDF and BDF recordings"],
    },
    load: async () => (await import("./edf.js")).addEdfCommand,
  },
  {
    verbs: {
      annotations: ["", "check annotation files"],
    },
    load: async () => (await import("./annotations.js")).addAnnotationsCommand,
  },
  {
    verbs: {
      corpus: ["", "check a corpus of recordings, or create a synthetic one"],
    },
    load: async () => (await import("./corpus.js")).addCorpusCommand,
  },
  {
    verbs: {
      cache: ["", "build and check caches of preprocessed recordings"],
      manifest: ["[options]", "write the manifest.json of a cache from its recordings"],
    },
    load: async () => (await import("./cache.js")).addCacheCommand,
  },
  {
    verbs: {
      dataset: ["", "inspect training windows"],
    },
    load: async () => (await import("./dataset.js")).addDatasetCommand,
  },
  {
    verbs: {
      train: [
        "[options]",
        "train a detector; builds the cache if it is missing; Ctrl-C saves a checkpoint, --resume continues",
      ],
    },
    load: async () => (await import("./train.js")).addTrainCommand,
  },
  {
    verbs: {
      predict: ["[options]", "predict seizure probabilities, one file per recording of a split, and optionally events"],
    },
    load: async () => (await import("./predict.js")).addPredictCommand,
  },
  {
    verbs: {
      model: ["", "list, summarize and export detectors"],
    },
    load: async () => (await import("./model.js")).addModelCommand,
  },
  {
    verbs: {
      detect: ["[options] <input> <output>", "detect the seizures in one recording"],
    },
    load: async () => (await import("./detect.js")).addDetectCommand,
  },
  {
    verbs: {
      notebook: ["", "run notebooks headless, without Python"],
    },
    load: async () => (await import("./notebook.js")).notebookCommand(),
  },
  {
    verbs: {
      score: [
        "[options]",
        "score detections against a reference; a recording without a hypothesis counts as no detections",
      ],
    },
    load: async () => (await import("./score.js")).addScoreCommand,
  },
  {
    verbs: {
      threshold: [
        "[options]",
        "find the onset threshold with the highest sensitivity at given false alarm rates, on dev",
      ],
    },
    load: async () => (await import("./threshold.js")).addThresholdCommand,
  },
  {
    verbs: {
      report: ["[options]", "write an HTML report of a training run: provenance, scores, figures, worst recordings"],
    },
    load: async () => (await import("./report.js")).addReportCommand,
  },
  {
    verbs: {
      modal: ["", "train and build the cache in sandboxes on Modal"],
    },
    load: async () => (await import("./modal.js")).addModalCommand,
  },
  {
    verbs: {
      review: [
        "[options]",
        "write HTML pages with EEG, reference labels, detections and probability, one per recording, and an index, worst first",
      ],
    },
    load: async () => (await import("./review.js")).addReviewCommand,
  },
  {
    verbs: {
      lab: [
        "[options] [words...]",
        "start JupyterLab with this project's kernels and figures; installs it into .venv at the first start",
      ],
    },
    load: async () => (await import("./notebook.js")).labCommand(),
  },
  {
    verbs: {
      shard: ["", "split work into tasks (shards) for any scheduler"],
    },
    load: async () => (await import("./shard.js")).addShardCommand,
  },
  {
    verbs: {
      slurm: ["", "run work as jobs on a Slurm cluster"],
    },
    load: async () => (await import("./slurm.js")).addSlurmCommand,
  },
  {
    verbs: {
      kernel: ["", "install, list and remove Jupyter kernels (no Python needed)"],
    },
    load: async () => (await import("./notebook.js")).kernelCommand(),
  },
];
