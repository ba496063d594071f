import type { Command } from "commander";

/** What `ictal --help` says of a command: its options and operands in short, and its description. */
type Listed = readonly [usage: string, description: string];

/** Commands that are loaded together. */
export interface Family {
  /** The commands by name; a test holds what is listed of them against the commands themselves. */
  readonly commands: Readonly<Record<string, Listed>>;
  /** Whether the commands speak of all others, so that those are loaded too. @default false */
  readonly needsAll?: boolean;
  readonly load: () => Promise<(program: Command) => void>;
}

/**
 * Headings of `ictal --help` and the commands below each, in their order. Only the family of the called command is loaded,
 * which keeps short commands fast; --help loads none.
 */
export const GROUPS: readonly { readonly heading: string; readonly families: readonly Family[] }[] = [
  {
    heading: "Machine and configuration:",
    families: [
      {
        commands: {
          doctor: ["[options]", "test every executor on this machine, and print how to install those that do not work"],
        },
        load: async () => (await import("./doctor.js")).addDoctorCommand,
      },
      {
        commands: { backend: ["", "list and build executors, the backends of training and prediction"] },
        load: async () => (await import("./backend.js")).addBackendCommand,
      },
      {
        commands: {
          config: ["", "the keys of a configuration: values, defaults, units, and a JSON Schema for editors"],
        },
        load: async () => (await import("./config.js")).addConfigCommand,
      },
      {
        commands: {
          completion: ["<shell>", "print a script with which a shell completes ictal's commands and options"],
        },
        needsAll: true,
        load: async () => (await import("./completion.js")).addCompletionCommand,
      },
    ],
  },
  {
    heading: "Data:",
    families: [
      {
        commands: { s3: ["", "serve a folder as an S3 bucket, or download a bucket into a folder"] },
        load: async () => (await import("./s3.js")).addS3Command,
      },
      {
        commands: { edf: ["", "inspect and de-identify EDF and BDF recordings"] },
        load: async () => (await import("./edf.js")).addEdfCommand,
      },
      {
        commands: { annotations: ["", "check annotation files, or make them from the marks of review pages"] },
        load: async () => (await import("./annotations.js")).addAnnotationsCommand,
      },
      {
        commands: { corpus: ["", "check a corpus of recordings, create a synthetic one, or inject seizures"] },
        load: async () => (await import("./corpus.js")).addCorpusCommand,
      },
      {
        commands: {
          cache: ["", "build and check caches of preprocessed recordings"],
          manifest: ["[options]", "write the manifest.json of a cache from its recordings"],
        },
        load: async () => (await import("./cache.js")).addCacheCommand,
      },
      {
        commands: { dataset: ["", "inspect training windows"] },
        load: async () => (await import("./dataset.js")).addDatasetCommand,
      },
    ],
  },
  {
    heading: "Training:",
    families: [
      {
        commands: {
          train: [
            "[options]",
            "train a detector; builds the cache if it is missing; Ctrl-C saves a checkpoint, --resume continues",
          ],
        },
        load: async () => (await import("./train.js")).addTrainCommand,
      },
      {
        commands: {
          crossval: [
            "[options]",
            "cross-validate by patient: train each fold, score every patient by the detector that never saw them",
          ],
        },
        load: async () => (await import("./crossval.js")).addCrossvalCommand,
      },
      {
        commands: { model: ["", "list, summarize, import and export detectors"] },
        load: async () => (await import("./model.js")).addModelCommand,
      },
    ],
  },
  {
    heading: "Results:",
    families: [
      {
        commands: {
          predict: [
            "[options]",
            "predict seizure probabilities, one file per recording of a split, and optionally events",
          ],
        },
        load: async () => (await import("./predict.js")).addPredictCommand,
      },
      {
        commands: { detect: ["[options] <input> <output>", "detect the seizures in one recording"] },
        load: async () => (await import("./detect.js")).addDetectCommand,
      },
      {
        commands: {
          stream: [
            "[options] <source>",
            "detect seizures in a signal as it comes, with alarms as JSON lines; needs a causal checkpoint",
          ],
        },
        load: async () => (await import("./stream.js")).addStreamCommand,
      },
      {
        commands: {
          score: [
            "[options]",
            "score detections against a reference; a recording without a hypothesis counts as no detections",
          ],
        },
        load: async () => (await import("./score.js")).addScoreCommand,
      },
      {
        commands: {
          threshold: [
            "[options]",
            "find the onset threshold with the highest sensitivity at given false alarm rates, on dev",
          ],
        },
        load: async () => (await import("./threshold.js")).addThresholdCommand,
      },
      {
        commands: {
          calibrate: [
            "[options]",
            "fit temperature and prevalence of the probabilities on dev, for predict and detect",
          ],
        },
        load: async () => (await import("./calibrate.js")).addCalibrateCommand,
      },
      {
        commands: {
          report: [
            "[options]",
            "write an HTML report of a training run: provenance, scores, figures, worst recordings",
          ],
        },
        load: async () => (await import("./report.js")).addReportCommand,
      },
      {
        commands: {
          review: [
            "[options]",
            "write HTML pages with EEG, reference labels, detections and probability, one per recording, and an index, worst first",
          ],
        },
        load: async () => (await import("./review.js")).addReviewCommand,
      },
    ],
  },
  {
    heading: "Notebooks:",
    families: [
      {
        commands: { notebook: ["", "run notebooks headless, without Python"] },
        load: async () => (await import("./notebook.js")).notebookCommand(),
      },
      {
        commands: {
          lab: [
            "[options] [words...]",
            "start JupyterLab with this project's kernels and figures; installs it into .venv at the first start",
          ],
        },
        load: async () => (await import("./notebook.js")).labCommand(),
      },
      {
        commands: { kernel: ["", "install, list and remove Jupyter kernels (no Python needed)"] },
        load: async () => (await import("./notebook.js")).kernelCommand(),
      },
    ],
  },
  {
    heading: "Clusters and clouds:",
    families: [
      {
        commands: { shard: ["", "split work into tasks (shards) for any scheduler"] },
        load: async () => (await import("./shard.js")).addShardCommand,
      },
      {
        commands: { slurm: ["", "run work as jobs on a Slurm cluster"] },
        load: async () => (await import("./slurm.js")).addSlurmCommand,
      },
      {
        commands: { modal: ["", "train and build the cache in sandboxes on Modal"] },
        load: async () => (await import("./modal.js")).addModalCommand,
      },
    ],
  },
];

/** Every family, in the order of --help. */
export const FAMILIES: readonly Family[] = GROUPS.flatMap(({ families }) => families);
