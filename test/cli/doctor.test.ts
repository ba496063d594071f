import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import test from "node:test";

const source = (file: string) => new URL(`../../src/cli/${file}.js`, import.meta.url).href;

/** What a verb prints on stdout, run in a process of its own. */
function run(...words: string[]): string {
  const script = `
    import { Command } from "commander";
    const { addDoctorCommand } = await import(${JSON.stringify(source("doctor"))});
    const { addBackendCommand } = await import(${JSON.stringify(source("backend"))});
    const program = new Command();
    addDoctorCommand(program);
    addBackendCommand(program);
    await program.parseAsync(${JSON.stringify(words)}, { from: "user" });`;
  // the working folder decides where the script finds commander
  return execFileSync(process.execPath, ["--input-type=module", "-e", script], {
    encoding: "utf8",
    cwd: new URL("../../../", import.meta.url),
  });
}

test("ictal doctor --json prints Node, every executor and the chosen one", () => {
  const report = JSON.parse(run("doctor", "--json"));
  assert.equal(report.node, process.versions.node);
  const names = report.executors.map(({ name }: { name: string }) => name);
  assert.deepEqual(names, ["onnx-cuda", "tensorflow", "webgpu", "onnx-webgpu", "onnx-cpu", "wasm", "cpu"]);
  assert.ok(report.executors.find(({ name }: { name: string }) => name === report.chosen).available);
  for (const { available, reason, gradientError, stepMilliseconds } of report.executors) {
    if (available) assert.ok(gradientError < 5e-3 && stepMilliseconds > 0);
    else assert.ok(reason.length > 20);
  }
});

test("ictal backend list prints a table with the reasons below it", () => {
  const text = run("backend", "list");
  assert.match(text, /^executor +available +gradient error +small step\n/);
  assert.match(text, /^onnx-cpu +yes +\d\.\de-\d+ +[\d.]+ ms/m);
  assert.match(text, /selected by device: auto/);
});
