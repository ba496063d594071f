/*
 * `npm test`: compile, then run the tests on all cores, the longest first; lint at the same time, which is told last.
 *   node test/run.mjs [--fast] [--keep-durations] [FILE…]     see test/runner/main.ts
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const { resolve } = createRequire(import.meta.url);
const compiler = resolve("typescript/bin/tsc");
const linter = resolve("@biomejs/biome/bin/biome");

/** Runs `node words…`, with one helper thread as the tests have; gives its exit code and a line, or what it said where it failed. */
function step(name, words) {
  const started = performance.now();
  const child = spawn(process.execPath, ["--v8-pool-size=1", ...words], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += text));
  return new Promise((done) => {
    child.once("close", (code) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      done({
        code: code ?? 1,
        text: `${name}: ${code === 0 ? "well" : "failed"}, ${seconds} s${code === 0 ? "" : `\n${said}`}`,
      });
    });
  });
}

/** Waits for a step and prints how it went; gives its exit code. */
async function told(running) {
  const { code, text } = await running;
  console.log(text);
  return code;
}

async function runAll() {
  const lint = step("lint", [linter, "check"]); // beside everything else
  for (const running of [
    () => step("kernels in WebAssembly", ["src/cli/compile-wasm.mjs"]),
    () => step("types and compilation", [compiler, "-b"]),
  ])
    if ((await told(running())) !== 0) return Math.max(1, await told(lint));
  await (await import("../dist/test/runner/main.js")).runTests(process.argv.slice(2));
  return told(lint);
}

process.exitCode = Math.max(await runAll(), Number(process.exitCode ?? 0));
