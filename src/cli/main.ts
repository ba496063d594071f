import { Command, CommanderError } from "commander";
import { packageVersions } from "../base/receipt.js";
import { addAnnotationsCommand } from "./annotations.js";
import { addCacheCommand } from "./cache.js";
import { addCorpusCommand } from "./corpus.js";
import { addDatasetCommand } from "./dataset.js";
import { addDoctorCommand } from "./doctor.js";
import { addEdfCommand } from "./edf.js";
import { addKernelCommand } from "./kernel.js";
import { addNotebookCommand } from "./notebook.js";
import { addPredictCommand } from "./predict.js";
import { addS3Command } from "./s3.js";
import { addScoreCommand } from "./score.js";
import { addTrainCommand } from "./train.js";

const program = new Command("ictal")
  .description("EEG seizure detection from a bucket of recordings to a scored detector")
  .version(packageVersions().ictal ?? "")
  .showHelpAfterError("(add --help for what is allowed)")
  .addHelpText("after", "\nExit codes: 0 done, 1 the work failed, 2 wrong use, 130 interrupted (state saved).");

addDoctorCommand(program);
addS3Command(program);
addEdfCommand(program);
addAnnotationsCommand(program);
addCorpusCommand(program);
addCacheCommand(program);
addDatasetCommand(program);
addTrainCommand(program);
addPredictCommand(program);
addNotebookCommand(program);
addScoreCommand(program);
addKernelCommand(program);

/** Wrong flags and names exit with 2; help and version with 0. */
function strict(command: Command): void {
  command.exitOverride();
  for (const child of command.commands) strict(child);
}

strict(program);
try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : 2;
}
