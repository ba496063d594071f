import { guardEnd } from "@ictal/base/end-guard";
import { machineFault } from "@ictal/base/machine-fault";
import { endWithParent } from "@ictal/base/parent-watch";
import { printableLines } from "@ictal/base/printable";
import { Command, CommanderError } from "commander";
import { packageVersions } from "../training/receipt.js";

/**
 * The families of verbs in the order of the help: the words that call one, and its loader. Only the family that is called is
 * loaded, which keeps a short verb short; the help loads all of them.
 */
const FAMILIES: readonly {
  readonly words: readonly string[];
  readonly load: () => Promise<(program: Command) => void>;
}[] = [
  { words: ["doctor"], load: async () => (await import("./doctor.js")).addDoctorCommand },
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

endWithParent();

/** Text that no longer gets out, as onto a full disk: the work goes on, and the exit code tells that its report is lost. */
let isOutputLost = false;
function loseOutput(error: Error): void {
  if (isOutputLost) return;
  isOutputLost = true;
  process.stderr.write(
    `ictal: the output could not be written, the work goes on and ends with 1: ${printableLines(error.message)}\n`,
  );
  process.once("exit", () => {
    process.exitCode ||= 1;
  });
}

/** Who reads the output may leave before its end (`| head`); the work goes on. */
for (const stream of [process.stdout, process.stderr])
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") loseOutput(error);
  });

const program = new Command("ictal")
  .configureOutput({
    writeOut: (text) => void process.stdout.write(printableLines(text)),
    writeErr: (text) => void process.stderr.write(printableLines(text)), // messages quote the words that were given
  })
  .enablePositionalOptions()
  .description("EEG seizure detection from a bucket of recordings to a scored detector")
  .version(packageVersions().ictal ?? "")
  .showHelpAfterError("(add --help for what is allowed)")
  .addHelpText("after", "\nExit codes: 0 done, 1 the work failed, 2 wrong use, 130 interrupted (state saved).");

const called = FAMILIES.filter(({ words }) => words.includes(process.argv[2] ?? ""));
try {
  for (const { load } of called.length > 0 ? called : FAMILIES) (await load())(program);
} catch (error) {
  const fault = machineFault(error);
  if (fault === undefined) throw error;
  process.stderr.write(`ictal: this machine cannot load the program: ${fault}\n`);
  process.exit(1);
}

/** Wrong flags and names exit with 2; help and version with 0. */
function strict(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) strict(child);
}

strict(program);
try {
  const work = program.parseAsync();
  guardEnd(["ictal", ...process.argv.slice(2, 4).filter((word) => /^[a-z0-9-]+$/.test(word))].join(" "), work);
  await work;
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
