import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { wordsOf } from "../../src/cli/completion.js";
import { completionScript, type Shell } from "../../src/cli/completion-scripts.js";
import { createProgram } from "../../src/cli/program.js";

const dir = mkdtempSync(join(tmpdir(), "completion-"));
after(() => rmSync(dir, { recursive: true }));
const words = wordsOf(await createProgram());

function scriptOf(shell: Shell): string {
  const path = join(dir, `ictal.${shell}`);
  writeFileSync(path, completionScript(shell, words));
  return path;
}

/** How each shell is asked what completes the last of the words; one proposal a line. */
const ASK: Readonly<Record<Shell, (script: string, line: readonly string[]) => string>> = {
  bash: (script, line) =>
    `source ${script}; COMP_WORDS=(${line.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${line.length - 1}; _ictal; printf '%s\\n' "\${COMPREPLY[@]}"`,
  zsh: (script, line) =>
    `compdef() { :; }; compadd() { shift; print -l -- "$@"; }; _files() { print files; }; ` +
    `_describe() { print -l -- \${\${(P)\${@[-1]}}%%:*}; }; ` +
    `words=(${line.map((word) => `'${word}'`).join(" ")}); CURRENT=${line.length}; source ${script}; _ictal`,
  fish: (script, line) => `source ${script}; complete -C '${line.join(" ")}' | string replace -r '\\t.*' ''`,
};
const FLAGS: Readonly<Record<Shell, readonly string[]>> = { bash: ["--norc"], zsh: ["-f"], fish: ["--no-config"] };

function propose(shell: Shell, ...line: string[]): readonly string[] {
  const { stdout, stderr, status } = spawnSync(shell, [...FLAGS[shell], "-c", ASK[shell](scriptOf(shell), line)], {
    encoding: "utf8",
    env: { ...process.env, HOME: dir },
  });
  assert.equal(stderr, "");
  assert.ok(status === 0 || status === 1);
  return stdout.split("\n").filter((word) => word !== "");
}

for (const shell of ["bash", "zsh", "fish"] as const) {
  test(`${shell} completes commands, those below them, options and choices`, () => {
    const top = propose(shell, "ictal", "");
    assert.ok(top.includes("cache") && top.includes("train") && !top.includes("build"), top.join(" "));
    const below = propose(shell, "ictal", "cache", "");
    assert.ok(below.includes("build") && below.includes("verify") && !below.includes("train"), below.join(" "));
    const options = propose(shell, "ictal", "cache", "build", "--");
    assert.ok(
      options.includes("--gaps") && options.includes("--config") && !options.includes("--npz"),
      options.join(" "),
    );
    assert.deepEqual(propose(shell, "ictal", "cache", "build", "--gaps", ""), ["refuse", "split"]);
  });

  test(`${shell} leaves the value of an option to file names`, () => {
    writeFileSync(join(dir, "my-config.yaml"), "");
    const found = propose(shell, "ictal", "train", "--config", shell === "fish" ? join(dir, "my-") : "");
    assert.ok(!found.includes("--resume"), found.join(" "));
    if (shell === "fish")
      assert.ok(
        found.some((word) => word.endsWith("my-config.yaml")),
        found.join(" "),
      );
    if (shell === "zsh") assert.deepEqual(found, ["files"]);
  });
}
