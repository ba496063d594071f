import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { isIctalError } from "@ictal/base/errors";
import { Command } from "commander";
import { acceptOption } from "../../src/cli/accept-option.js";
import { FAMILIES } from "../../src/cli/families.js";

const main = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));

async function wholeProgram(): Promise<Command> {
  const program = new Command("ictal").exitOverride().enablePositionalOptions();
  for (const { load } of FAMILIES) (await load())(program);
  return program;
}

/** Words of every verb that takes --accept. */
function acceptingVerbs(command: Command, words: readonly string[] = []): string[][] {
  const own = command.options.some(({ long }) => long === "--accept") ? [[...words]] : [];
  return [...own, ...command.commands.flatMap((child) => acceptingVerbs(child, [...words, child.name()]))];
}

test("every verb that takes --accept refuses an unknown code and names the nearest known ones", async () => {
  const verbs = acceptingVerbs(await wholeProgram());
  const names = verbs.map((words) => words.join(" ")).sort();
  const readers = ["report", "threshold"]; // of stored predictions
  assert.deepEqual(
    names.filter((name) => !readers.includes(name)),
    ["cache build", "crossval", "modal cache", "modal train", "score", "shard plan cache", "slurm cache", "train"],
  );
  assert.deepEqual(
    names.filter((name) => readers.includes(name)),
    readers,
  );
  for (const words of verbs) {
    const program = await wholeProgram();
    const nearest = readers.includes(words.join(" ")) ? "all" : "unknown-label";
    await assert.rejects(
      program.parseAsync([...words, "--accept", "all,unknown-lable"], { from: "user" }),
      (error) =>
        isIctalError(error, "ConfigError") &&
        error.details.nearest === nearest &&
        error.message.includes(`unknown code "unknown-lable", nearest: ${nearest}`),
      words.join(" "),
    );
  }
});

test("an unknown code of --accept is exit code 2 before anything is read", () => {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [main, "cache", "build", "--data-dir", "/nowhere", "--cache-dir", "/nowhere", "--accept", "nocode"],
    { encoding: "utf8" },
  );
  assert.deepEqual([status, stdout], [2, ""]);
  assert.match(stderr, /^ictal: invalid --accept nocode: unknown code "nocode", nearest: /);
});

const parsed = (kind: "cache" | "score", text: string) => acceptOption(kind, "").parseArg!(text, undefined);

test("--accept takes the codes of what the verb can find, with blanks around them", () => {
  assert.deepEqual(parsed("cache", "missing-electrodes, compressed,not-edf,no-seizures"), [
    ...["missing-electrodes", "compressed", "not-edf", "no-seizures"],
  ]);
  assert.deepEqual(parsed("score", "duration-invalid,durations-differ"), ["duration-invalid", "durations-differ"]);
  for (const text of ["", "missing-electrodes,", "ALL", "__proto__"])
    assert.throws(() => parsed("cache", text), /unknown/);
  assert.throws(() => parsed("score", "missing-electrodes"), /unknown code "missing-electrodes"/);
});

test("temporary failures cannot be accepted by name", () => {
  assert.throws(
    () => parsed("cache", "source-missing"),
    /"source-missing" is a temporary failure and cannot be accepted/,
  );
});
