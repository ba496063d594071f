#!/usr/bin/env node
// The `ictal` command: checks Node, compiles the sources when they are newer than dist/, then hands over.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const project = fileURLToPath(new URL("../../", import.meta.url));
const stamp = join(project, "dist/.tsbuildinfo");

function fail(message) {
  process.stderr.write(`ictal: ${message}\n`);
  process.exit(2);
}

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  fail(`Node ${process.versions.node} is too old: version 20.19 or newer is needed (see environment.md)`);
}
if (!existsSync(join(project, "node_modules/typescript"))) fail(`packages are missing: run "npm ci" in ${project}`);

function newest(folder) {
  let latest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) latest = Math.max(latest, newest(path));
    else if (entry.name.endsWith(".ts")) latest = Math.max(latest, statSync(path).mtimeMs);
  }
  return latest;
}

const sources = ["src", "kernels"].map((folder) => newest(join(project, folder)));
const configured = statSync(join(project, "tsconfig.json")).mtimeMs;
const built = existsSync(stamp) ? statSync(stamp).mtimeMs : 0;
if (Math.max(...sources, configured) > built) {
  const compiler = join(project, "node_modules/typescript/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [compiler, "-p", project], { encoding: "utf8" });
  if (status !== 0) fail(`the sources do not compile:\n${stdout}`);
}
await import("../../dist/src/cli/main.js");
