#!/usr/bin/env node
// The `ictal-jupyter` command: checks Node, compiles in a checkout what is newer than dist/, then hands over.
import { existsSync } from "node:fs";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`ictal-jupyter: Node ${process.versions.node} is too old: version 20.19 or newer is needed\n`);
  process.exit(2);
}
const prepare = new URL("../../prepare.mjs", import.meta.url); // in a checkout only
if (existsSync(prepare)) {
  const { ensureBuilt } = await import(prepare.href);
  const complaint = ensureBuilt();
  if (complaint) {
    process.stderr.write(`ictal-jupyter: ${complaint}\n`);
    process.exit(2);
  }
}
await import("../dist/src/cli/main.js");
