/** The channels of a configuration: what the cache holds and the detector takes. */
import { ConfigError } from "@ictal/base/errors";
import type { ChainOptions } from "../signal/chain-options.js";
import { checkChannels, montageOf, namedChannels } from "../signal/montages.js";
import type { Config } from "./schema.js";

type Sections = Pick<Config, "data" | "preprocessing">;

/** Channels of the cache and inputs of the detector that a configuration asks for, in order: "FP1", "FP1-F7". */
export function channelsFromConfig({ data, preprocessing }: Sections): string[] {
  const { reference } = preprocessing;
  checkChannels(reference, data.channels);
  return montageOf(reference, data.channels).channels.map(({ name }) => name);
}

/** `data.channels` as the chain takes it; nothing where it is what the reference has anyway. */
export function listedChannels({ data, preprocessing }: Sections): Pick<ChainOptions, "channels"> {
  const channels = namedChannels(preprocessing.reference, data.channels);
  return channels ? { channels } : {};
}

/** A key of a configuration about channels that cannot be, with the reason. */
export interface ChannelFault {
  readonly path: readonly string[];
  readonly message: string;
  readonly value: unknown;
  readonly allowed: string;
}

/** What is wrong with `data.channels`, or with a `data.n_channels` that counts others; undefined where nothing is. */
export function channelFault(config: Sections): ChannelFault | undefined {
  const { channels, n_channels: counted } = config.data;
  const { reference } = config.preprocessing;
  let names: string[];
  try {
    names = channelsFromConfig(config);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { message, details } = error;
    const text = message.replace(/^invalid channels/, "invalid data.channels");
    return { path: ["data", "channels"], message: text, value: channels, allowed: details.allowed ?? "" };
  }
  if (counted === undefined || counted === names.length) return undefined;
  const source = channels ? "data.channels lists" : `preprocessing.reference: ${reference} gives`;
  return {
    path: ["data", "n_channels"],
    message: `invalid data.n_channels: ${counted}; ${source} ${names.length} channels, so leave n_channels out or set it to ${names.length}`,
    value: counted,
    allowed: String(names.length),
  };
}
