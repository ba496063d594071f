/*
 * `npm pack` of a workspace takes bundled packages from its own node_modules alone, where npm puts no link to another
 * workspace: "link" puts it there before, "unlink" takes it away after. Run in the workspace's folder.
 */
import { mkdirSync, rmSync, symlinkSync } from "node:fs";

const scope = "node_modules/@ictal";
rmSync(scope, { recursive: true, force: true });
if (process.argv[2] === "link") {
  mkdirSync(scope, { recursive: true });
  symlinkSync("../../../base", `${scope}/base`);
}
