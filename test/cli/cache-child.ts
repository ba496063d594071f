/** The cache and dataset verbs alone, for tests: `node cache-child.js cache build …`. */
import { Command } from "commander";
import { addCacheCommand } from "../../src/cli/cache.js";
import { addDatasetCommand } from "../../src/cli/dataset.js";

const program = new Command("ictal").exitOverride();
addCacheCommand(program);
addDatasetCommand(program);
try {
  await program.parseAsync();
} catch {
  process.exitCode = 2; // commander has printed what is wrong
}
