import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type TestContext, test } from "node:test";
import { commandsOf } from "../../src/cli/help.js";
import { createProgram } from "../../src/cli/program.js";
import { makeProject } from "../cluster/made-plan.js";
import { runVerb, type VerbRun } from "./verb-thread.js";
import { CASES, type Case, ELSEWHERE, FAULTS, type Fault, type SOUND } from "./wrong-inputs-table.js";

type Sound = Readonly<Record<(typeof SOUND)[number], string>>;

const EDF = "corpus/edf/train/aaaaaaaa/s001_2010/01_tcp_ar/aaaaaaaa_s001_t000.edf";
const KERNEL = { name: "ictal", display_name: "TypeScript", language: "typescript" };
const NOTEBOOK = { cells: [], metadata: { kernelspec: KERNEL }, nbformat: 4, nbformat_minor: 5 };

/** A corpus, its cache, a detector trained for one step, its predictions and a notebook. */
async function makeSound(context: TestContext): Promise<{ dir: string; sound: Sound }> {
  const { dir, config } = await makeProject(context, 3, 20, 1);
  const [run, predictions, notebook] = ["run", "predictions", "sound.ipynb"].map((name) => join(dir, name));
  await writeFile(notebook!, JSON.stringify(NOTEBOOK));
  const annotations = join(dir, "corpus/edf/dev");
  const sound = { config, corpus: join(dir, "corpus"), edf: join(dir, EDF), annotations, out: join(dir, "out") };
  for (const words of [
    ["cache", "build", "--config", config, "--workers", "0"],
    ["train", "--config", config, "--max-steps", "1"],
    ["predict", "--config", config, "--checkpoint", run!, "--out", predictions!],
  ]) {
    const { status, stderr } = runVerb(words);
    assert.equal(status, 0, stderr);
  }
  return {
    dir,
    sound: {
      ...sound,
      run: run!,
      weights: join(run!, "checkpoints", "step-00000001", "model.safetensors"),
      predictions: predictions!,
      notebook: notebook!,
    },
  };
}

/** What is wrong, made in `dir`. */
async function makeWrong(dir: string, fault: Fault, ending: string): Promise<string> {
  const path = join(dir, `${fault.replaceAll(" ", "-")}${ending}`);
  const inner: Partial<Record<Fault, () => Promise<unknown>>> = {
    unreadable: () => symlink(path, path), // a circle: root can read whatever forbids it
    "folder for file": () => mkdir(path),
    "empty folder": () => mkdir(path),
    "file for folder": () => writeFile(path, "a line of text\n"),
    "other file": () => writeFile(path, "a line of text\n"),
    "empty file": () => writeFile(path, ""),
    "below a file": () => writeFile(path, "a line of text\n"),
  };
  await inner[fault]?.().catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  if (fault === "below a file") return join(path, `x${ending}`);
  return fault === "unwritable" ? `/proc/x/y${ending}` : path;
}

/** Progress, and what is said of sound inputs. */
const NOTICE = /^[a-z]+ \d+\/\d+ |^ictal: (alarms come|this uses the)/;

const NEXT_STEP =
  /\b(give|check|create|choose|build|make|makes|download|copy|mend|write|name|expected|takes|predict|import|run|saves)\b/;

/** Flags that a message names as this command's own: not those of another command that it says to run. */
const ownFlags = (text: string) =>
  [...text.replace(/\bictal [a-z].*$/, "").matchAll(/(?<![\w-])--[a-z][a-z-]+/g)].map(([flag]) => flag);

/** What is not as it should be in what a command said of its wrong input. */
function complaints({ words, status }: Case, path: string, run: VerbRun, flags: ReadonlySet<string>): string[] {
  const lines = run.stderr.split("\n").filter((line) => line !== "" && !NOTICE.test(line));
  const said =
    lines.length === 0 && /^(annotations) /.test(words)
      ? run.stdout.split("\n").slice(0, 2).join(" ")
      : lines.join("\n");
  const faults: string[] = [];
  if (run.status !== status) faults.push(`exit code ${run.status}, expected ${status}`);
  if (lines.length > 1) faults.push(`${lines.length} lines`);
  if (/\bE[A-Z]{3,}: |\b[A-Z]?[a-z]*Error: |\bundefined\b|\bNaN\b|\[object|Invalid input/.test(said))
    faults.push("a library's words");
  if (!NEXT_STEP.test(said)) faults.push("no next step");
  const flag = /(--[a-z-]+) @/.exec(words)?.[1] ?? path;
  if (![path, basename(path), "/proc/x", flag].some((name) => said.includes(name)))
    faults.push("names neither path nor flag");
  for (const named of ownFlags(said)) if (!flags.has(named)) faults.push(`names ${named}, which it does not take`);
  return faults.map((fault) => `${fault}: ${said}`);
}

test("every verb says in a line what is wrong with an input or output, and what to do", async (context) => {
  const { dir, sound } = await makeSound(context);
  const program = await createProgram();
  const commands = commandsOf(program);
  const found: string[] = [];
  for (const [index, each] of CASES.entries()) {
    const folder = join(dir, `wrong-${index}`);
    await mkdir(folder);
    const { command } = commands.find(({ name }) => each.words.startsWith(`${name} `)) ?? assert.fail(each.words);
    const flags = new Set(command.options.flatMap(({ long }) => long ?? []));
    for (const fault of FAULTS[each.place].filter((name) => !each.fine.includes(name))) {
      const path = await makeWrong(folder, fault, each.ending);
      const words = each.words.split(" ").map((word) => {
        const named = /^\$(\w+)(.*)$/.exec(word);
        return named ? `${sound[named[1] as keyof Sound]}${named[2]}` : word.replace("@", path);
      });
      const wrong = complaints(each, path, runVerb(words), flags);
      found.push(...wrong.map((text) => `${each.words} (${fault}): ${text.replaceAll(dir, "DIR")}`));
    }
  }
  assert.deepEqual(found, []);
});

test("the table of wrong inputs has every file and folder that a verb reads or writes", async () => {
  const commands = commandsOf(await createProgram());
  const isOwn = ({ name }: (typeof commands)[number]) => !name.startsWith("notebook "); // those are @ictal/jupyter's, and tried there
  const isPath = (text: string) => /file|dir|folder|path|input|output|corpus|notebook/.test(text);
  const wanted = commands.filter(isOwn).flatMap(({ name, command }) => {
    const own = command.options.filter(
      ({ helpGroupHeading, flags }) => !helpGroupHeading && isPath(/<.*>/.exec(flags)?.[0] ?? ""),
    );
    const operands = command.registeredArguments.filter((operand) => isPath(operand.name()));
    return [...own.map(({ long }) => `${name} ${long}`), ...operands.map((operand) => `${name} ${operand.name()}`)];
  });
  const tried = CASES.map(({ words }) => {
    const { name, command } = commands.find((each) => words.startsWith(`${each.name} `)) ?? assert.fail(words);
    const parts = words.slice(name.length + 1).split(" ");
    const at = parts.findIndex((part) => part.includes("@"));
    const flag = at > 0 && parts[at - 1]?.startsWith("--") ? parts[at - 1] : undefined;
    const operand = parts
      .slice(0, at)
      .filter((part, i) => !part.startsWith("--") && !parts[i - 1]?.startsWith("--")).length;
    return `${name} ${flag ?? command.registeredArguments[operand]?.name()}`;
  });
  const isTried = (each: string) => tried.includes(each) || tried.includes(each.replace(/^slurm /, "shard plan ")); // one planner
  const left = wanted.filter((each) => !isTried(each) && !Object.hasOwn(ELSEWHERE, each));
  assert.deepEqual(left, []);
});

test("a mistyped option, command or value is answered with the nearest one, and all missing options are named", async () => {
  const commands = commandsOf(await createProgram()).filter(
    ({ name }) => !["lab", "notebook exec"].includes(name), // which hand on words that they do not know
  );
  for (const { name, command } of commands) {
    const long = command.options.find((option) => (option.long ?? "").length > 5)?.long;
    if (long === undefined) continue;
    const { status, stderr } = runVerb([...name.split(" "), `${long}x`]);
    assert.equal(status, 2, `${name}: ${stderr}`);
    assert.match(stderr, /Did you mean|required option|missing required argument/, name);
  }
  const missing = runVerb(["predict", "--config", "x.yaml"]);
  assert.deepEqual([missing.status, missing.stdout], [2, ""]);
  assert.match(missing.stderr, /^error: required options '--checkpoint <path>', '--out <dir>' not specified$/m);
});
