/** The options of augmentation; those that are not given do nothing. */
import { bounds, fraction, number } from "../base/option-table.js";

export interface Augmentations {
  /** Probability that a channel is set to zero. */
  readonly channelDropout?: number | undefined;
  /** Largest shift of the window's start, either way, in seconds; labels move along. */
  readonly timeShiftSeconds?: number | undefined;
  /** Range of the factor on all channels of a window, e.g. [0.8, 1.2]. */
  readonly amplitudeScale?: readonly [low: number, high: number] | undefined;
  /** Probability that the sign of all channels is turned. */
  readonly signFlip?: number | undefined;
  /** Standard deviation of added Gaussian noise, in standard deviations of the channel. */
  readonly noise?: number | undefined;
  /** Largest shift of all frequencies of a window, either way, in hertz; slow: two Fourier transforms per channel. */
  readonly frequencyShiftHz?: number | undefined;
}

/** The options of augmentation, each with its default. */
export const AUGMENT_OPTIONS = {
  channelDropout: fraction({ description: "Probability that a channel of a training window is set to zero." }),
  timeShiftSeconds: number({
    least: 0,
    unit: "s",
    description: "Largest shift of a training window's start, either way; labels move along.",
  }),
  amplitudeScale: bounds({
    above: 0,
    description: "Range of the random factor on all channels of a training window, e.g. [0.8, 1.2].",
  }),
  signFlip: fraction({ description: "Probability that the sign of all channels of a training window is inverted." }),
  noise: number({
    least: 0,
    unit: "standard deviations",
    description: "Standard deviation of Gaussian noise added to training windows, relative to the channel's own.",
  }),
  frequencyShiftHz: number({
    least: 0,
    unit: "Hz",
    description:
      "Largest shift of all frequencies of a training window, either way; slow: two Fourier transforms per channel.",
  }),
};
