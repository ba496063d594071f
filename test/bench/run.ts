/** Runs every benchmark in turn, each in a process of its own: `npm run bench -- [name …]`. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL(".", import.meta.url));
const wanted = process.argv.slice(2);
const benches = readdirSync(folder)
  .filter((name) => name.endsWith(".bench.js"))
  .map((name) => name.replace(".bench.js", ""));
const unknown = wanted.filter((name) => !benches.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`bench: no ${unknown.join(", ")}; there are ${benches.join(", ")}\n`);
  process.exit(2);
}
let failed = 0;
for (const name of wanted.length > 0 ? wanted : benches) {
  process.stdout.write(`\n== ${name}\n`);
  const { status } = spawnSync(process.execPath, ["--expose-gc", `${folder}${name}.bench.js`], { stdio: "inherit" });
  if (status !== 0) failed += 1;
}
process.exit(failed > 0 ? 1 : 0);
