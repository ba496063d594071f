import { FRAME_SAMPLES, INT16_RANGE } from "./format.js";
import type { Manifest } from "./manifest.js";

/** Two lines of Python that memory-map the file of a recording at `path`: `frames[frame, channel, sample]`. */
export function numpySnippet(
  { channels, sampleType }: Pick<Manifest, "channels" | "sampleType">,
  path: string,
): string {
  const type = sampleType === "int16" ? "<i2" : "<f4";
  const scale = sampleType === "int16" ? ` * numpy.float32(${INT16_RANGE} / 32767)` : "";
  return [
    `frames = numpy.memmap("${path}", dtype="${type}", mode="r").reshape(-1, ${channels.length}, ${FRAME_SAMPLES})`,
    `window = frames[0:6].transpose(1, 0, 2).reshape(${channels.length}, -1)${scale}`,
  ].join("\n");
}
