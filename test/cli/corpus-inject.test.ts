/** `corpus synth` of varied corpora, `corpus inject` and `corpus snr`: what they print, and what they refuse. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const base = await mkdtemp(join(tmpdir(), "ictal-inject-cli-"));
after(() => rm(base, { recursive: true }));
const command = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
const corpus = join(base, "hard");
const injected = join(base, "injected");

/** Run a verb; what it prints and its exit code. */
function run(...args: string[]): { out: string; err: string; code: number | null } {
  const { stdout, stderr, status } = spawnSync(process.execPath, [command, "corpus", ...args], { encoding: "utf8" });
  return { out: stdout, err: stderr, code: status };
}

test("corpus synth --difficulty makes a varied corpus and says so; wrong flags are refused before anything is written", () => {
  const small = ["--patients", "6", "--max-seconds", "30"];
  const { out, code } = run("synth", corpus, "--difficulty", "0.5", ...small);
  assert.equal(code, 0);
  assert.match(
    out,
    /12 recordings, .*\npatients: 2 in dev, 1 in eval, 3 in train\ndifficulty 0.5, with patients, sleep, /,
  );
  assert.match(run("synth", corpus, "--realism", "all", ...small).out, /all exist already and are intact/);
  const refused = (message: RegExp, ...flags: string[]) => {
    const found = run("synth", join(base, "none"), ...flags);
    assert.equal(found.code, 2, found.err);
    assert.match(found.err, message);
  };
  refused(/expected a number from 0 to 1/, "--difficulty", "2");
  refused(/"dynamotype" is no part.*did you mean dynamotypes\?/, "--realism", "sleep,dynamotype");
  refused(/the plain corpus has its own 15/, "--patients", "12");
});

test("corpus inject and corpus snr give seizures found at each ratio, with intervals, and a page", async () => {
  const made = run("inject", "--background", join(corpus, "edf"), "--snr=-6,6", "--out", injected);
  assert.equal(made.code, 0, made.err);
  assert.match(made.out, /recordings with a seizure each, at -6, 6 dB\n\d+ recordings skipped/);
  const { seizures } = JSON.parse(await readFile(join(injected, "injected.json"), "utf8")) as {
    seizures: { path: string }[];
  };
  const found = join(base, "found");
  for (const { path } of seizures) {
    const labels = path.replace(/edf$/, "csv_bi");
    for (const level of ["snr_-6", "snr_6"]) {
      await mkdir(join(found, level, labels, ".."), { recursive: true });
      await cp(join(injected, level, labels), join(found, level, labels));
    }
    const lines = (await readFile(join(found, "snr_-6", labels), "utf8")).split("\n");
    const none = lines.map((line) => (line.startsWith("TERM") ? "TERM,0.0000,30.0000,bckg,1.0000" : line));
    await writeFile(join(found, "snr_-6", labels), none.join("\n"));
  }
  const page = join(base, "snr.html");
  const { out, code, err } = run("snr", injected, "--hyp", found, "--html", page);
  assert.equal(code, 0, err);
  const count = seizures.length;
  assert.match(out, new RegExp(`-6 dB +0 of ${count}  0\\.00 \\(0\\.00 to 0\\.\\d\\d\\)  0 false alarms in`));
  assert.match(out, new RegExp(` 6 dB +${count} of ${count}  1\\.00 \\(0\\.\\d\\d to 1\\.00\\)`));
  assert.match(await readFile(page, "utf8"), /signal-to-noise ratio of the seizure \(dB\)/);
  await rm(join(found, "snr_-6"), { recursive: true });
  assert.match(run("snr", injected, "--hyp", found).err, /no folder snr_-6 in .*; predict each level into its own/);
});

test("corpus inject refuses levels that are no numbers, and corpus snr folders of other origin", () => {
  const { err, code } = run("inject", "--background", corpus, "--snr", "loud", "--out", join(base, "other"));
  assert.equal(code, 2);
  assert.match(err, /expected different numbers from -60 to 60/);
  assert.match(run("snr", corpus, "--hyp", corpus).err, /no injected\.json in .*; give a folder made by corpus inject/);
});
