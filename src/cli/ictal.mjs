#!/usr/bin/env node
// The `ictal` command: checks Node and the packages, compiles what is newer than dist/, then hands over.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A checkout, or the folder of an installed package, which comes compiled. */
const project = fileURLToPath(new URL("../..", import.meta.url));

function fail(message) {
  process.stderr.write(`ictal: ${message}\n`);
  process.exit(2);
}

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  fail(`Node ${process.versions.node} is too old: version 20.19 or newer is needed (see environment.md)`);
}
if (existsSync(join(project, "tsconfig.build.json"))) {
  if (!existsSync(join(project, "node_modules/typescript"))) fail(`packages are missing: run "npm ci" in ${project}`);
  const { ensureBuilt } = await import("./ensure-built.mjs");
  const complaint = ensureBuilt();
  if (complaint) fail(complaint);
}
try {
  await import("../../dist/src/cli/main.js");
} catch (error) {
  // a module that is there and cannot be found could not be opened; what tells other faults is not loaded itself
  const isUnread = error?.code === "ERR_MODULE_NOT_FOUND" && existsSync(join(project, "dist/src/cli/main.js"));
  if (!isUnread && !["EMFILE", "ENFILE"].includes(error?.code)) throw error;
  const what = isUnread ? "a part of it is missing, or too many files are open" : "too many files are open";
  process.stderr.write(
    `ictal: this machine cannot load the program: ${what}; allow more (ulimit -n 4096). The system said: ${error.message}\n`,
  );
  process.exitCode = 1;
}
