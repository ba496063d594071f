// Starts the TypeScript kernel: node [flags] launcher.mjs CONNECTION_FILE. The flags stand in kernel.json.
import { existsSync } from "node:fs";

const connectionFile = process.argv[2];
if (!connectionFile) {
  process.stderr.write("usage: node launcher.mjs CONNECTION_FILE (Jupyter and `ictal-jupyter exec` fill it in)\n");
  process.exit(2);
}
// glibc has read it: memory freed goes back to the system, 20 MB of an idle kernel. It is not for what cells start.
delete process.env.MALLOC_TRIM_THRESHOLD_;
const prepare = new URL("../../prepare.mjs", import.meta.url); // in a checkout only
const notice = existsSync(prepare) ? (await import(prepare.href)).ensureBuilt() : undefined;
const { startKernel } = await import("../dist/src/kernel/main.js");
await startKernel(connectionFile, notice);
