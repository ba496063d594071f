import { decodeDeltasInto } from "../../../base/delta-code.js";
import { type PageData, PROBABILITY_STEPS } from "../page-data.js";
import type { ViewSource } from "../view/derive.js";

/** The recording as the script works with it. */
export interface LoadedPage {
  readonly data: PageData;
  readonly source: ViewSource;
  readonly probability: Float32Array;
  /** Of each of the data's others; undefined where it has none. */
  readonly otherProbabilities: readonly (Float32Array | undefined)[];
}

const textOf = (id: string): string => document.getElementById(id)?.textContent ?? "";

async function inflated(id: string): Promise<Uint8Array> {
  const text = atob(textOf(id).trim());
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Unpacks what the page holds. */
export async function loadPage(): Promise<LoadedPage> {
  const data = JSON.parse(textOf("recording")) as PageData;
  const { signals, detector } = data;
  const samples = new Int16Array(signals.channels.length * signals.sampleCount);
  const bytes = await inflated("samples");
  let at = 0;
  for (let c = 0; c < signals.channels.length; c++)
    at = decodeDeltasInto(samples.subarray(c * signals.sampleCount, (c + 1) * signals.sampleCount), bytes, at);
  const probabilityOf = async (id: string, count: number) => {
    const coded = new Int16Array(count);
    if (count > 0) decodeDeltasInto(coded, await inflated(id), 0);
    return Float32Array.from(coded, (value) => value / PROBABILITY_STEPS);
  };
  const probability = await probabilityOf("probability", detector?.valueCount ?? 0);
  const otherProbabilities = await Promise.all(
    data.others.map(({ valueCount }, index) =>
      valueCount === undefined ? undefined : probabilityOf(`probability-${index}`, valueCount),
    ),
  );
  return { data, source: { ...signals, samples }, probability, otherProbabilities };
}
