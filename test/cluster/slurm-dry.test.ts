import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { timeLimitSeconds } from "../../src/cluster/slurm/limits.js";
import { readRecord, writeRecord } from "../../src/cluster/slurm/record.js";
import { sbatchPath } from "../../src/cluster/slurm/script.js";
import { ictal, makeProject } from "./made-plan.js";

test("a dry run writes scripts that bash accepts, and prints what would be submitted", async (context) => {
  const { dir, config } = await makeProject(context);
  const plan = join(dir, "a plan");
  const job = ["--partition", "cpu", "--cpus", "4", "--mem", "8G", "--time", "2:00:00", "--throttle", "2"];
  const words = ["slurm", "cache", "--config", config, "--array", "3", "--dir", plan, ...job, "--dry-run"];
  const { status, stdout, stderr, json } = ictal([...words, "--json"], { PATH: "/nonexistent" });
  assert.equal(status, 0, stderr);
  assert.equal(stdout, `${JSON.stringify(json(), null, 2)}\n`);
  const { commands, scripts, submitted } = json();
  assert.equal(submitted, 3);
  assert.deepEqual(commands, [
    `sbatch --parsable --array=0-2%2 '${plan}/task.sh' 0`,
    `sbatch --parsable --kill-on-invalid-dep=yes --dependency=afterok:JOB '${plan}/finalise.sh'`,
    `sbatch --parsable --kill-on-invalid-dep=yes --dependency=afternotok:JOB '${plan}/retry.sh'`,
  ]);
  for (const script of scripts) assert.equal(spawnSync("bash", ["-n", script]).status, 0, script);
  const text = ictal(words).stdout;
  for (const line of ["--partition=cpu", "--cpus-per-task=4", "--mem=8G", "--time=2:00:00", "--signal=B:USR1@120"])
    assert.ok(text.includes(`\n#SBATCH ${line}\n`), line);
});

test("a dry run of a training writes one script that chains itself", async (context) => {
  const { dir, config } = await makeProject(context);
  const words = ["--config", config, "--dir", join(dir, "p"), "--gpus", "1", "--dry-run"];
  const { status, stdout, stderr } = ictal(["slurm", "train", ...words]);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /#SBATCH --gpus=1\n/);
  assert.match(stdout, /sbatch --parsable --dependency="afterany:\$SLURM_JOB_ID" .*task\.sh >> .*chain\.txt/);
});

test("wrong inputs end with 2 and say what was found and what is expected", async (context) => {
  const { dir, config } = await makeProject(context, 1);
  const words = ["slurm", "cache", "--config", config, "--dir", join(dir, "p")];
  const missing = ictal(words, { PATH: "/nonexistent" });
  assert.equal(missing.status, 2);
  assert.equal(
    missing.stderr,
    "ictal: sbatch was not found on the PATH; run this on a login node of a Slurm cluster, or only write the scripts with --dry-run\n",
  );
  const none = ictal([...words, "--array", "0"]);
  assert.equal(none.status, 2);
  assert.match(none.stderr, /option '--array <n>' argument '0' is invalid\. expected a whole number, at least 1/);
  const key = ictal([...words, "--dry-run", "--set", "training.epoch=3"]);
  assert.equal(key.status, 2);
  assert.match(key.stderr, /unknown key training\.epoch; did you mean training\.epochs\?/);
  const broken = ictal([...words, "--dry-run", "--partition", "a b"]);
  assert.equal(broken.status, 2);
  assert.match(broken.stderr, /invalid --partition "a b": expected one word/);
});

test("nothing that ends a line or a quotation gets into a script, from flags or from the record of a plan", async (context) => {
  const { dir, config } = await makeProject(context, 1);
  const flags = (place: string) => ["slurm", "cache", "--config", config, "--dry-run", "--dir", place];
  for (const name of ["p\ntouch PWNED", "p\r#SBATCH --wrap=x", 'p" --wrap="x', "p\\\\"]) {
    const place = join(dir, name);
    const { status, stderr } = ictal(flags(place));
    assert.deepEqual([status, existsSync(place)], [2, false], stderr);
    assert.match(stderr, /^ictal: invalid --dir: .*since sbatch cannot read them in a script\n$/);
  }
  for (const [flag, value] of [
    ["--sbatch", "--comment=a\ntouch PWNED"],
    ["--partition", "a\nb"],
    ["--account", "a b"],
    ["--gpus", "1\n"],
  ] as const)
    assert.equal(ictal([...flags(join(dir, "q")), flag, value]).status, 2, flag);
  assert.equal(sbatchPath("/a b/it's #1, 5%"), `"/a b/it's #1, 5%%"`);
  const options = { warnSeconds: 1, extra: ["--comment=x"], retries: 0 };
  await mkdir(join(dir, "r"));
  for (const more of [{ extra: ["a\nb"] }, { partition: "a\nb" }, { time: "1 --wrap=x" }]) {
    await writeRecord(join(dir, "r"), { options: { ...options, ...more }, jobs: [], retriesLeft: 1 });
    await assert.rejects(readRecord(join(dir, "r")), { tag: "NotFoundError", message: /is damaged; submit again/ });
  }
});

test("a time limit is read as sbatch reads it, and one that leaves no time is refused", async (context) => {
  const limits = ["90", "90:30", "1:30:00", "2-0", "2-1:30", "1-0:0:5", "UNLIMITED", "abc", "1:2:3:4", ""];
  assert.deepEqual(limits.map(timeLimitSeconds), [
    ...[5400, 5430, 5400, 172_800, 178_200, 86_405, Number.POSITIVE_INFINITY],
    ...[undefined, undefined, undefined],
  ]);
  const { dir, config } = await makeProject(context, 1);
  const words = ["slurm", "train", "--config", config, "--dir", join(dir, "p"), "--dry-run"];
  for (const [flags, message] of [
    [["--time", "abc"], /invalid --time abc: expected minutes/],
    [["--time", "2"], /invalid --warn 120: a task of --time 2 \(120 s\) would be signalled at its start/],
    [["--mem", "8 GB"], /invalid --mem "8 GB"/],
    [["--mem", "8GB"], /invalid --mem 8GB: expected a size such as 8G/],
  ] as const) {
    const { status, stderr } = ictal([...words, ...flags]);
    assert.equal(status, 2);
    assert.match(stderr, message);
  }
});

test("with a webhook a job follows a failure although no retry is left", async (context) => {
  const { dir, config } = await makeProject(context, 2);
  const words = [
    "slurm",
    "cache",
    "--config",
    config,
    "--dir",
    join(dir, "p"),
    "--retries",
    "0",
    "--dry-run",
    "--json",
  ];
  assert.equal(ictal(words).json().commands.length, 2);
  const { commands } = ictal(words, { ICTAL_WEBHOOK: "http://127.0.0.1:1/" }).json();
  assert.match(commands[2], /--dependency=afternotok:JOB .*retry\.sh$/);
});
