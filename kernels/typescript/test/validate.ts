import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";

const PYTHON = "/usr/bin/python3";

/** Why nbformat's own validator cannot be asked; false when it can. */
export const noNbformat: string | false =
  spawnSync(PYTHON, ["-c", "import nbformat"]).status === 0 ? false : "python3-nbformat is not installed";

const SCRIPT = `
import nbformat, sys
for path in sys.argv[1:]:
    notebook = nbformat.read(path, nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert notebook.nbformat_minor == 5, path
    nbformat.write(notebook, path + ".checked")
`;

/** Fails unless nbformat's validator accepts every file, and its writer can write it again. */
export function assertValidNotebooks(paths: readonly string[]): void {
  if (noNbformat || paths.length === 0) return;
  const { status, stderr } = spawnSync(PYTHON, ["-c", SCRIPT, ...paths], { encoding: "utf8" });
  assert.equal(status, 0, stderr);
}
