/** Side of the head of a channel, by its first electrode that has one: odd numbers left, even right, Z the midline. */
export function sideOf(channel: string): "left" | "right" | "midline" {
  const digit = /(\d+)/.exec(channel)?.[1];
  if (digit === undefined) return "midline";
  return Number(digit) % 2 === 1 ? "left" : "right";
}
