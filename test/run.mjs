/*
 * `npm test`: compile and lint at the same time, then run the tests on all cores, the longest first.
 *   node test/run.mjs [--fast] [--keep-durations] [FILE…]     see test/runner/main.ts
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const { resolve } = createRequire(import.meta.url);
const compiler = resolve("typescript/bin/tsc");
const linter = resolve("@biomejs/biome/bin/biome");

/** Runs `node words…`, with one helper thread as the tests have; prints what it said once it has ended, and gives its exit code. */
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
      console.log(`${name}: ${code === 0 ? "well" : "failed"}, ${seconds} s${code === 0 ? "" : `\n${said}`}`);
      done(code ?? 1);
    });
  });
}

async function build() {
  const wasm = await step("kernels in WebAssembly", ["src/cli/compile-wasm.mjs"]);
  if (wasm !== 0) return wasm;
  const compile = step("types and compilation", [compiler, "-b"]);
  const [compiled, linted] = await Promise.all([compile, step("lint", [linter, "check"])]);
  return Math.max(compiled, linted);
}

const code = await build();
if (code === 0) await (await import("../dist/test/runner/main.js")).runTests(process.argv.slice(2));
else process.exitCode = code;
