// Starts the stock tslab kernel from node_modules: node launcher.mjs CONNECTION_FILE. Cells see `ictal` as a package.
import { createRequire } from "node:module";
import { ensureBuilt, followParent, project, quietRequireOfModules } from "../prepare.mjs";
import { loadCompiler } from "./compiler.mjs";
import { offerProject } from "./imports.mjs";
import { watchLateErrors } from "./late-errors.mjs";
import { watchLeftovers } from "./leftovers.mjs";
import { mapCellLines } from "./lines.mjs";
import { repairProtocol } from "./protocol.mjs";
import { loseNoMessage } from "./sockets.mjs";

const connectionFile = process.argv[2];
if (!connectionFile) {
  process.stderr.write("usage: node launcher.mjs CONNECTION_FILE (Jupyter and `ictal notebook exec` fill it in)\n");
  process.exit(2);
}

followParent();
quietRequireOfModules();
const notice = ensureBuilt();

const require = createRequire(import.meta.url);
const fromTslab = createRequire(require.resolve("tslab")); // the very modules that tslab loads
loseNoMessage(fromTslab("zeromq"));
const keepCode = loadCompiler(fromTslab);
offerProject(fromTslab("@tslab/typescript-for-tslab"), project);
const lines = mapCellLines(fromTslab, "@tslab/typescript-for-tslab");
const late = watchLateErrors(lines, watchLeftovers());
repairProtocol(fromTslab, { lines, late, notice });
late.listenInstead(() => fromTslab("./main.js").startKernel({ configPath: connectionFile, enableFindLocal: false }));
setImmediate(keepCode); // the compiler has read the project by then
