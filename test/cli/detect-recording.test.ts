import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { detectRecording } from "../../src/cli/detect-recording.js";
import { cacheKeyFromConfig } from "../../src/config/layer-options.js";
import { loadConfig } from "../../src/config/load-config.js";
import { modelFromConfig } from "../../src/config/model-options.js";
import { createDetector } from "../../src/model/detector.js";
import { initialValues } from "../../src/model/parameters.js";
import { saveSafetensors } from "../../src/model/safetensors.js";
import { storedTensors } from "../../src/model/weights.js";
import { ELECTRODES_19 } from "../../src/signal/electrodes.js";
import { temporaryFolder } from "../cache/made-cache.js";
import { encodeKind, GAP_RECORD, GAP_SECONDS, KINDS, SECONDS } from "../cache/made-kinds.js";

/** Untrained weights and thresholds that let everything through: what is recorded is one event, what is not is none. */
async function made(context: TestContext) {
  const dir = await temporaryFolder(context);
  const file = join(dir, "config.yaml");
  await writeFile(
    file,
    `data: { window_size: 4, stride: 2 }
model: { name: unet, unet: { channels: [4, 4], downsample_factor: 4 } }
training: { batch_size: 2 }
postprocessing: { hysteresis: { tau_on: 0.000001, tau_off: 0.0000005 }, duration: { min_duration_s: 0.1 } }
experiment: { device: cpu }
`,
  );
  const { config } = await loadConfig(file);
  const detector = createDetector(modelFromConfig(config.model));
  const specs = [...detector.parameters, ...detector.buffers];
  const origin = {
    ...{ model: detector.config, windowSamples: 1024, sampleRateHz: 256 },
    ...{ channels: ELECTRODES_19, cacheKey: cacheKeyFromConfig(config) },
  };
  const checkpoint = join(dir, "model.safetensors");
  const metadata = { ictal: JSON.stringify(origin) };
  await saveSafetensors(checkpoint, storedTensors(specs, initialValues(specs, 7)), metadata);
  const detect = async (name: string, bytes: Uint8Array, gaps?: "refuse" | "split") => {
    const input = join(dir, `${name}.edf`);
    await writeFile(input, bytes);
    const { events, durationSeconds } = await detectRecording({ input, checkpoint, config, ...(gaps && { gaps }) });
    return { durationSeconds, events: events.map(({ startSeconds, endSeconds }) => [startSeconds, endSeconds]) };
  };
  return { detect };
}

test("detect refuses each recording that a cache leaves out, with the same code, and a gap says what to do", async (context) => {
  const { detect } = await made(context);
  for (const [name, { bytes, excluded }] of Object.entries(KINDS).filter(([, kind]) => kind.excluded !== undefined))
    await assert.rejects(detect(name, bytes), {
      tag: "FormatError",
      message: new RegExp(`cannot be used \\(${excluded}\\)`),
    });
  await assert.rejects(detect("jump", KINDS["edf-c-jump"]!.bytes), /data\.gaps: split \(--gaps split\)$/);
});

test("detect with gaps split finds events at the file's times, none of them in the gap or across it", async (context) => {
  const { detect } = await made(context);
  const found = await detect("jump", KINDS["edf-c-jump"]!.bytes, "split");
  assert.deepEqual(found, {
    durationSeconds: SECONDS + GAP_SECONDS,
    events: [
      [0, GAP_RECORD],
      [GAP_RECORD + GAP_SECONDS, SECONDS + GAP_SECONDS],
    ],
  });
  const whole = encodeKind({ kind: "EDF+C" });
  assert.deepEqual(await detect("whole", whole, "split"), await detect("whole", whole));
});
