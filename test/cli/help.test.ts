import assert from "node:assert/strict";
import { test } from "node:test";
import type { Command } from "commander";
import { EXAMPLES } from "../../src/cli/examples.js";
import { commandsOf } from "../../src/cli/help.js";
import { createProgram } from "../../src/cli/program.js";

const program = await createProgram();
const commands = commandsOf(program);

/** What `command --help` prints. */
function helpOf(command: Command): string {
  let text = "";
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

/** The words of a command line up to a redirection. */
const wordsOf = (line: string): string[] =>
  line
    .split(/ (?:>>?|\|) /)[0]!
    .split(" ")
    .slice(1);

for (const { name, command } of commands)
  test(`ictal ${name} --help ends with examples that the command accepts`, async () => {
    const help = helpOf(command);
    const lines = [...help.matchAll(/^ {2}(ictal .*)$/gm)].map(([, line]) => line!);
    const own = lines.filter((line) => line.startsWith(`ictal ${name}`));
    assert.ok(own.length > 0, help);
    for (const line of own) {
      const ran: string[] = [];
      const fresh = await createProgram(wordsOf(line)[0]);
      for (const each of commandsOf(fresh)) each.command.action(() => void ran.push(each.name));
      fresh.configureOutput({ writeErr: (text) => assert.fail(`${line}: ${text}`) });
      await fresh.parseAsync(wordsOf(line), { from: "user" });
      assert.deepEqual(ran, [name], line);
    }
  });

test("the table of examples names commands that exist", () => {
  const names = new Set(commands.map(({ name }) => name));
  assert.deepEqual(
    Object.keys(EXAMPLES).filter((name) => !names.has(name)),
    [],
  );
});

test("--help marks what is required, and shows a command's own options before those that commands share", () => {
  const threshold = helpOf(commands.find(({ name }) => name === "threshold")!.command).replace(/\s+/g, " ");
  assert.match(threshold, /Options: --predictions <dir> output folder of ictal predict \(required\) /);
  assert.match(threshold, /--json .*Configuration: --config <file> .*\(required, unless --cache-dir is given\)/);
});

test("ictal --help shows the commands in groups", () => {
  const headings = [...helpOf(program).matchAll(/^(\S.*):$/gm)].map(([, heading]) => heading);
  assert.deepEqual(headings, [
    "Options",
    "Machine and configuration",
    "Data",
    "Training",
    "Results",
    "Notebooks",
    "Clusters and clouds",
    "Commands",
  ]);
});
