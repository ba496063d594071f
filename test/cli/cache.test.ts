import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../cache/made-cache.js";
import { idOf, type MadeFile, makeObjects, writeObjects } from "../cache/made-corpus.js";
import { runVerb } from "./verb-thread.js";

const CHILD = fileURLToPath(new URL("./cache-child.js", import.meta.url));
const SHARED = fileURLToPath(new URL("../../../../shared/data/", import.meta.url));
const FILES: readonly MadeFile[] = [
  { patient: "aaaaaaaa", seconds: 80, events: [[20, 45, "seiz"]] },
  { patient: "aaaaaaab", seconds: 12, electrodes: ["FP1", "FP2"], events: [] },
  { patient: "aaaaaaac", split: "dev", seconds: 10, events: [[2, 4, "seiz"]] },
];
const OBJECTS = makeObjects(FILES);

function ictal(...words: string[]) {
  const { BGB_LIMIT_FILES: _limit, ...env } = process.env;
  return runVerb(words, env);
}

async function made(context: TestContext, objects = OBJECTS): Promise<string[]> {
  const [data, cache] = [await temporaryFolder(context), await temporaryFolder(context)];
  await writeObjects(data, objects);
  return ["--data-dir", data, "--cache-dir", cache];
}

test("cache build reports in JSON, fails for what was excluded unless its code is accepted, and writes the manifest", async (context) => {
  const where = await made(context);
  const first = ictal("cache", "build", ...where, "--workers", "1", "--json");
  assert.equal(first.status, 1);
  const report = first.json();
  assert.deepEqual([report.built, report.reused, report.eegSeconds], [2, 0, 90]);
  assert.deepEqual(
    report.leftOut.map(({ id, code }: { id: string; code: string }) => [id, code]),
    [[idOf(FILES[1]!), "missing-electrodes"]],
  );
  await access(report.manifest);
  const second = ictal("cache", "build", ...where, "--workers", "0", "--accept", "missing-electrodes");
  assert.equal(second.status, 0);
  assert.match(second.stdout, /^0 built, 2 reused \(0 with changed labels\), 1 excluded\n/);
  assert.match(second.stdout, /excluded .*aaaaaaab.* \(missing-electrodes\): missing electrodes/);
});

test("cache verify, dataset inspect, manifest and cache gc work on the folder alone", async (context) => {
  const where = await made(context);
  const [, , flag = "", cache = ""] = where;
  const { folder, key } = ictal("cache", "build", ...where, "--workers", "0", "--json").json();
  assert.deepEqual(ictal("cache", "verify", flag, cache, "--json").json().bad, []);
  const inspected = ictal("dataset", "inspect", flag, cache, "--json").json();
  assert.deepEqual(inspected.windows, { none: 0, partial: 3, full: 0, unknown: 0 });
  assert.deepEqual(inspected.balanced, { none: 0, partial: 3, full: 0 });
  assert.equal(inspected.patients, 1);
  assert.equal(ictal("dataset", "inspect", flag, cache, "--json", "--split", "dev").json().windows.partial, 1);
  const finer = ictal("dataset", "inspect", flag, cache, "--json", "--set", "data.window_size=10");
  assert.deepEqual(finer.json().windows, { none: 5, partial: 1, full: 2, unknown: 0 });
  const manifest = ictal("manifest", flag, cache, "--json").json();
  assert.deepEqual([manifest.key, manifest.counts.recordings, manifest.counts.seizures], [key, 2, 2]);
  await writeFile(join(folder, "stray.i16"), "x");
  await writeFile(join(folder, "train", "stray.i16"), "x");
  const listed = ictal("cache", "gc", cache, "--json").json();
  assert.equal(listed.items.filter(({ path }: { path: string }) => path.endsWith("stray.i16")).length, 2);
  ictal("cache", "gc", cache, "--delete");
  assert.deepEqual(
    (await readdir(folder)).filter((name) => name.includes("stray")),
    [],
  );
  await writeFile(join(folder, `${idOf(FILES[0]!)}.i16`), "short");
  const bad = ictal("cache", "verify", cache, "--json");
  assert.equal(bad.status, 1);
  assert.deepEqual(
    bad.json().bad.map(({ id, frame }: { id: string; frame: number }) => [id, frame]),
    [[idOf(FILES[0]!), 0]],
  );
  assert.match(bad.json().mend, /ictal cache build --verify/);
});

test("shards and then the manifest; an annotated corpus without seizures has a cache, no manifest and exit code 1", async (context) => {
  const where = await made(context);
  for (const shard of ["0/2", "1/2"])
    assert.equal(
      ictal("cache", "build", ...where, "--shard", shard, "--workers", "0", "--accept", "all", "--json").json()
        .manifest,
      undefined,
    );
  assert.equal(ictal("manifest", ...where, "--json").json().counts.recordings, 2);
  const quiet = await made(context, makeObjects([{ patient: "aaaaaaaa", seconds: 5, events: [] }]));
  const { status, stderr, json } = ictal("cache", "build", ...quiet, "--workers", "0", "--json");
  assert.equal(status, 1);
  assert.deepEqual([json().built, json().manifest], [1, null]);
  assert.match(json().manifestRefused, /no seizure in 1 recordings/);
  assert.match(stderr, /manifest\.json was not written: no seizure/);
});

test("wrong use is exit code 2 with flag, value and what is allowed; a missing folder is exit code 1", async (context) => {
  const where = await made(context);
  const refused = (words: string[], message: RegExp) => {
    const { status, stderr } = ictal(...words);
    assert.equal(status, 2, stderr);
    assert.match(stderr, message);
  };
  refused(["cache", "build", ...where, "--shard", "2/2"], /--shard <i\/n>.*2\/2.*0 <= i < n/);
  refused(["cache", "build", ...where, "--workers", "-1"], /--workers <n>.*-1.*whole number/);
  refused(["cache", "build", "--data-dir", "x"], /give --config FILE, or --cache-dir/);
  refused(
    ["cache", "build", ...where, "--set", "preprocessing.notch_frq=50"],
    /unknown key preprocessing.notch_frq; did you mean preprocessing.notch_freq/,
  );
  refused(["cache", "build", ...where, "--set", "preprocessing.clip=20"], /invalid clip: 20/);
  const missing = ictal("cache", "verify", join(where[1]!, "none"));
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /no cache at .*ictal cache build/);
});

test("SIGINT stops a build with exit code 130 and the next one carries on", async (context) => {
  const files = Array.from({ length: 20 }, (_, n) => ({ patient: `aaaaaab${"abcdefghijklmnopqrst"[n]}`, seconds: 20 }));
  const where = await made(context, makeObjects(files));
  const words = [CHILD, "cache", "build", ...where, "--workers", "1"];
  const child = spawn(process.execPath, words, { stdio: ["ignore", "ignore", "pipe"] });
  let text = "";
  child.stderr.on("data", (part: Buffer) => {
    const isBegun = /^cache \d/m.test(text);
    text += part;
    if (!isBegun && /^cache \d/m.test(text)) child.kill("SIGINT"); // after the first recording; before it stands that none has a seizure
  });
  const [code] = await once(child, "exit");
  assert.equal(code, 130, text);
  assert.match(
    text,
    /^ictal: none of the 20 patients of the corpus has a seizure: such a cache is for prediction only\n/,
  );
  assert.match(text, /interrupted by SIGINT; finished recordings are kept/);
  const { built, reused } = ictal("cache", "build", ...where, "--workers", "0", "--json").json();
  assert.ok(reused >= 1 && built >= 1 && built + reused === 20, `${built} built, ${reused} reused`);
});

test("the shared corpora: tusz-mini is cached whole, of the real files each left-out one has its reason", async (context) => {
  const present = await access(join(SHARED, "synthetic/tusz-mini")).then(
    () => true,
    () => false,
  );
  if (!present) return context.skip(`no shared data at ${SHARED}`);
  const mini = ictal(
    "cache",
    "build",
    "--data-dir",
    join(SHARED, "synthetic/tusz-mini"),
    "--cache-dir",
    await temporaryFolder(context),
    "--workers",
    "0",
    "--json",
  );
  assert.equal(mini.status, 0, mini.stderr);
  assert.deepEqual([mini.json().built, mini.json().eegSeconds], [8, 536]);
  const real = ictal(
    "cache",
    "build",
    "--data-dir",
    join(SHARED, "redistributable"),
    "--cache-dir",
    await temporaryFolder(context),
    "--workers",
    "0",
    "--json",
  ).json();
  assert.ok(real.built >= 5);
  const known = [
    "missing-electrodes",
    "no-records",
    "compressed",
    "not-in-catalogue",
    "repeated-identity",
    "unknown-sample-rate",
    "mixed-sample-rates",
    "discontinuous",
    "unsupported-sample-rate",
  ];
  for (const { id, code, reason } of real.leftOut)
    assert.ok(known.includes(code) && reason.length > 20, `${id} ${code} ${reason}`);
});

test("cache export writes the reference's archives and cache import reads them back, as processes", async (context) => {
  const where = await made(context);
  const [, , flag = "", cache = ""] = where;
  ictal("cache", "build", ...where, "--workers", "0", "--accept", "missing-electrodes");
  const [out, imported] = [await temporaryFolder(context), await temporaryFolder(context)];
  const exported = ictal("cache", "export", flag, cache, "--npz", out, "--json");
  assert.equal(exported.status, 0, exported.stderr);
  assert.deepEqual(exported.json().windows, { partial: 3, full: 0, none: 0 });
  const back = ictal("cache", "import", join(out, "train"), flag, imported, "--json");
  assert.equal(back.status, 0, back.stderr);
  assert.deepEqual(ictal("cache", "verify", flag, imported, "--json").json().bad, []);
  const none = ictal("cache", "import", join(out, "nothing-here"), flag, imported);
  assert.notEqual(none.status, 0);
  assert.match(none.stderr, /nothing-here/);
});
