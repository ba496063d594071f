import { rename, rm, utimes, writeFile } from "node:fs/promises";
import { type Runtime, Session } from "node:inspector";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { startLanguage } from "../../src/kernel/language/client.js";
import { IMPORT_KEY } from "../../src/kernel/language/language.js";
import { ModuleLoader } from "../../src/kernel/modules/loader.js";
import type { CellOutcome, Step } from "./run-cells.js";

// A kernel without its protocol: checks, evaluates and settles cells one after the other; needs --experimental-vm-modules.
// Each line of stdin is a list of steps, each line of stdout the outcomes of its cells.

const [root = "", notebookDir = ""] = process.argv.slice(2);
const language = startLanguage({ projectDir: root, notebookDir });
const loader = new ModuleLoader({ projectDir: root, notebookDir, language });
const session = new Session();
session.connect();
const importForCells = Object.assign((specifier: string) => loader.import(specifier), { resolve: loader.resolve });
Object.assign(globalThis, { [Symbol.for(IMPORT_KEY)]: importForCells });
const bindings = new Map<string, { specifier: string; exported: string }>();

function evaluate(expression: string): Promise<Pick<CellOutcome, "value" | "thrown">> {
  const options = { expression, replMode: true, awaitPromise: true, returnByValue: true };
  return new Promise((resolve) => {
    session.post("Runtime.evaluate", options, (error, answer?: Runtime.EvaluateReturnType) => {
      const thrown = error?.message ?? answer?.exceptionDetails?.exception?.description;
      resolve(thrown === undefined ? { value: answer?.result.value } : { thrown });
    });
  });
}

async function rebind(): Promise<void> {
  for (const [local, { specifier, exported }] of bindings) {
    const namespace = (await loader.import(specifier)) as Record<string, unknown>; // a namespace
    Object.assign(globalThis, { rebound: exported === "*" ? namespace : namespace[exported] });
    await evaluate(`${local} = globalThis.rebound; undefined`);
  }
}

async function runCell(code: string, number: number): Promise<CellOutcome> {
  const { reloaded, failed } = await loader.refresh();
  if (reloaded.length > 0) await rebind();
  const start = performance.now();
  const checked = await language.check(code, number);
  const checkMilliseconds = performance.now() - start;
  const messages = checked.diagnostics.map(({ line, column, message }) => `${line}:${column} ${message}`);
  const outcome = { messages, reloaded, failed: failed.map(({ file, line, message }) => `${file}:${line} ${message}`) };
  if (checked.status === "error") return { ...outcome, checkMilliseconds };
  for (const name of checked.declared) bindings.delete(name);
  for (const binding of checked.imports) bindings.set(binding.local, binding);
  const evaluated = await evaluate(checked.javaScript);
  language.settle(number, evaluated.thrown === undefined);
  return { ...outcome, ...evaluated, checkMilliseconds };
}

let number = 0;

async function runSteps(steps: readonly Step[]): Promise<CellOutcome[]> {
  const outcomes: CellOutcome[] = [];
  for (const step of steps) {
    if (typeof step === "string") {
      number += 1;
      outcomes.push(await runCell(step, number));
    } else if ("write" in step) {
      const path = join(root, step.write);
      await writeFile(path, step.text);
      const now = Date.now() / 1000 + number + 1; // later than anything that was compiled
      await utimes(path, now, now);
    } else if ("rename" in step) await rename(join(root, step.rename), join(root, step.to));
    else await rm(join(root, step.remove));
  }
  return outcomes;
}

for await (const line of createInterface(process.stdin)) {
  const outcomes = await runSteps(JSON.parse(line) as Step[]);
  process.stdout.write(`${JSON.stringify(outcomes)}\n`);
}
await language.dispose();
process.exit(0);
