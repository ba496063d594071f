/*
 * Links @ictal/base into kernels/typescript/node_modules, run after each build and before `npm pack`: npm bundles a package
 * only from the workspace's own node_modules, where it installs no link to another workspace. Safe to run at any time.
 */
import { existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";

const scope = fileURLToPath(new URL("typescript/node_modules/@ictal/", import.meta.url));
const link = `${scope}base`;
if (!existsSync(link)) {
  rmSync(link, { force: true }); // a link to nowhere
  mkdirSync(scope, { recursive: true });
  try {
    symlinkSync("../../../base", link);
  } catch (error) {
    if (error.code !== "EEXIST") throw error; // another build was first
  }
}
