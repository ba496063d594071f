import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { cacheKeyFromConfig } from "../../src/config/layer-options.js";
import { loadConfig } from "../../src/config/load-config.js";
import { modelFromConfig } from "../../src/config/model-options.js";
import { createDetector } from "../../src/model/detector.js";
import { initialValues } from "../../src/model/parameters.js";
import { saveSafetensors } from "../../src/model/safetensors.js";
import { storedTensors } from "../../src/model/weights.js";
import { readAnnotations } from "../../src/recording/annotation-file.js";
import { ELECTRODES_19 } from "../../src/signal/electrodes.js";

const project = fileURLToPath(new URL("../../../", import.meta.url));
const recordings = fileURLToPath(new URL("../../../../shared/data/redistributable/szcore/", import.meta.url));
const skip = existsSync(recordings) ? false : `no example recordings at ${recordings}`;

/** A model folder as the container's: random weights and a configuration whose thresholds let something through. */
async function modelFolder(context: TestContext): Promise<{ dir: string; model: string }> {
  const dir = await mkdtemp(join(tmpdir(), "ictal-szcore-"));
  context.after(() => rm(dir, { recursive: true, force: true }));
  const model = join(dir, "model");
  await mkdir(model);
  const file = join(model, "config.yaml");
  await writeFile(
    file,
    `data: { window_size: 10, stride: 5 }
model: { name: unet, unet: { channels: [4, 4], downsample_factor: 4 } }
training: { batch_size: 2 }
postprocessing: { hysteresis: { tau_on: 0.001, tau_off: 0.0005 }, duration: { min_duration_s: 0.1 } }
experiment: { device: cpu }
`,
  );
  const { config } = await loadConfig(file);
  const detector = createDetector(modelFromConfig(config.model));
  const specs = [...detector.parameters, ...detector.buffers];
  const origin = {
    model: detector.config,
    windowSamples: 2560,
    sampleRateHz: 256,
    channels: ELECTRODES_19,
    cacheKey: cacheKeyFromConfig(config),
  };
  await saveSafetensors(join(model, "model.safetensors"), storedTensors(specs, initialValues(specs, 7)), {
    ictal: JSON.stringify(origin),
  });
  return { dir, model };
}

function enter(model: string, environment: Record<string, string>) {
  return spawnSync(join(project, "deploy/szcore/entrypoint.sh"), [], {
    encoding: "utf8",
    env: { ...process.env, ICTAL_HOME: project, ICTAL_MODEL: model, ...environment },
  });
}

for (const name of ["unipolar", "bipolar"])
  test(`the SzCORE entry point turns ${name}.edf into a HED-SCORE file`, { skip }, async (context) => {
    const { dir, model } = await modelFolder(context);
    const output = join(dir, "out", "events.tsv");
    const { status, stderr } = enter(model, { INPUT: join(recordings, `${name}.edf`), OUTPUT: output });
    assert.equal(status, 0, stderr);
    const text = await readFile(output, "utf8");
    assert.equal(text.split("\n")[0], "onset\tduration\teventType\tconfidence\tchannels\tdateTime\trecordingDuration");
    const { events, findings } = readAnnotations(text, { file: output, format: "tsv" });
    assert.deepEqual(findings, []);
    assert.ok(events.length > 0);
    assert.match(text, name === "unipolar" ? /\t2016-01-01 22:22:04\t2\.00\n/ : /\t2\.00\n/);
    assert.deepEqual(await readdir(join(dir, "out")), ["events.tsv"], "nothing else is written");
  });

test("detect gives the same events whatever lies beside the recording", { skip }, async (context) => {
  const { dir, model } = await modelFolder(context);
  const beside = join(dir, "with");
  await mkdir(beside);
  const input = join(beside, "unipolar.edf");
  await copyFile(join(recordings, "unipolar.edf"), input);
  await writeFile(join(beside, "unipolar.csv_bi"), "not an annotation file");
  await writeFile(join(beside, "other.edf"), "not a recording");
  const first = join(dir, "first.tsv");
  const second = join(dir, "second.tsv");
  assert.equal(enter(model, { INPUT: join(recordings, "unipolar.edf"), OUTPUT: first }).status, 0);
  assert.equal(enter(model, { INPUT: input, OUTPUT: second }).status, 0);
  assert.equal(await readFile(second, "utf8"), await readFile(first, "utf8"));
});

test("the SzCORE entry point says what is missing or wrong, and writes nothing", { skip }, async (context) => {
  const { dir, model } = await modelFolder(context);
  const output = join(dir, "events.tsv");
  const unnamed = enter(model, { INPUT: "", OUTPUT: output });
  assert.notEqual(unnamed.status, 0);
  assert.match(unnamed.stderr, /INPUT: set it to the EDF file/);
  const absent = enter(model, { INPUT: join(dir, "absent.edf"), OUTPUT: output });
  assert.equal(absent.status, 1);
  assert.match(absent.stderr, /no file at .*absent\.edf/);
  const damaged = join(dir, "damaged.edf");
  await writeFile(damaged, "not a recording".repeat(100));
  const refused = enter(model, { INPUT: damaged, OUTPUT: output });
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /damaged\.edf: cannot be used/);
  const ending = enter(model, { INPUT: damaged, OUTPUT: join(dir, "events.json") });
  assert.equal(ending.status, 2);
  assert.match(ending.stderr, /expected \.tsv or \.csv_bi/);
  assert.equal(existsSync(output), false);
});
