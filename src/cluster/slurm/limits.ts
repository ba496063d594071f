const CLOCK = /^(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?$/;

/**
 * A time limit as sbatch reads it, in seconds: minutes, minutes:seconds, hours:minutes:seconds, days-hours,
 * days-hours:minutes and days-hours:minutes:seconds; Infinity for UNLIMITED. Undefined when it is none of them.
 */
export function timeLimitSeconds(text: string): number | undefined {
  if (/^(unlimited|infinite)$/i.test(text)) return Number.POSITIVE_INFINITY;
  const [whole, days, first, second, third] = CLOCK.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const [a, b, c] = [first, second, third].map((part) => Number(part ?? 0)) as [number, number, number];
  if (days !== undefined) return Number(days) * 86_400 + a * 3600 + b * 60 + c;
  return third === undefined ? a * 60 + b : a * 3600 + b * 60 + c;
}
