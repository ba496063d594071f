/** A foreign network at work: from windows of a cache to probabilities. */
import { ConfigError } from "@ictal/base/errors";
import { openOnnxFile } from "../tensor/onnx-file.js";
import type { ForeignNetwork, readForeign } from "./foreign-network.js";
import type { WindowNetwork } from "./predict.js";

const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));

/** Probabilities of seizure [batch, values] from an output [batch, values] or [batch, classes, values]. */
export function answersToProbabilities(
  answer: { readonly values: Float32Array; readonly shape: readonly number[] },
  { answers, seizureClass }: Pick<ForeignNetwork, "answers" | "seizureClass">,
): Float32Array {
  const { values, shape } = answer;
  if (seizureClass === null) return answers === "logit" ? values.map(sigmoid) : values;
  const [batch = 1, classes = 1] = shape;
  const each = values.length / batch / classes;
  const out = new Float32Array(batch * each);
  for (let b = 0; b < batch; b++)
    for (let i = 0; i < each; i++) {
      const at = (k: number) => values[(b * classes + k) * each + i] ?? Number.NaN;
      const own = at(seizureClass);
      if (answers === "probability") out[b * each + i] = own;
      else {
        let sum = 0; // the softmax of the class, without overflow
        for (let k = 0; k < classes; k++) sum += Math.exp(at(k) - own);
        out[b * each + i] = 1 / sum;
      }
    }
  return out;
}

/** Each value `times` times in a row. */
function repeated(values: Float32Array, times: number): Float32Array {
  if (times === 1) return values;
  const out = new Float32Array(values.length * times);
  for (const [i, value] of values.entries()) out.fill(value, i * times, (i + 1) * times);
  return out;
}

/** The cache's channel for each of the network's. Throws a ConfigError when the cache lacks one. */
export function rowsOf(channels: readonly string[], cached: readonly string[]): number[] {
  const found = new Map(cached.map((name, row) => [name.toUpperCase(), row]));
  const missing = channels.filter((name) => !found.has(name.toUpperCase()));
  if (missing.length > 0)
    throw new ConfigError(
      `the network takes ${missing.join(", ")}, which the cache does not have; it has ${cached.join(" ")}`,
      { key: "channels", value: missing.join(", "), allowed: cached.join(" ") },
    );
  return channels.map((name) => found.get(name.toUpperCase()) ?? 0);
}

/** A foreign network ready to run on windows of a cache with these channels. */
export async function openForeign(
  { network, bytes, path }: Awaited<ReturnType<typeof readForeign>>,
  options: { readonly cached: readonly string[]; readonly executor: string; readonly batchSize: number },
): Promise<WindowNetwork & { dispose(): Promise<void> }> {
  const channelRows = rowsOf(network.channels, options.cached);
  const onnx = await openOnnxFile(bytes, path, options.executor);
  const { windowSamples, outputStrideSamples, input, output } = network;
  const batchSize = network.batchSize ?? options.batchSize;
  const shape = [batchSize, channelRows.length, windowSamples];
  const expected = (batchSize * windowSamples) / outputStrideSamples;
  return {
    inputChannels: channelRows.length,
    ...{ channelRows, windowSamples, outputStrideSamples, batchSize },
    async run(x) {
      const found = answersToProbabilities(await onnx.run(input, x, shape, output), network);
      return repeated(found, found.length === batchSize ? expected / batchSize : 1);
    },
    dispose: () => onnx.dispose(),
  };
}
