/** Hemisphere of a channel, by its first electrode with a number: odd numbers left, even right, Z the midline. */
export function hemisphereOf(channel: string): "left" | "right" | "midline" {
  const digit = /(\d+)/.exec(channel)?.[1];
  if (digit === undefined) return "midline";
  return Number(digit) % 2 === 1 ? "left" : "right";
}
