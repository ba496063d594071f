/** What a reader can choose, from small to large. */
export const PAGE_SECONDS: readonly number[] = [5, 10, 15, 20, 30, 60, 120, 300, 600, 1800, 3600];
export const SENSITIVITIES: readonly number[] = [1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 200, 500];
export const HIGH_PASS_HZ: readonly number[] = [0.1, 0.3, 0.5, 1, 2, 5];
export const LOW_PASS_HZ: readonly number[] = [15, 30, 35, 40, 50, 70, 100];
export const NOTCH_HZ: readonly number[] = [50, 60];

/** The entry `by` places after the one nearest to `value`, within the list. */
export function stepped(list: readonly number[], value: number, by: number): number {
  const nearest = list.reduce(
    (best, each, i) => (Math.abs(each - value) < Math.abs(list[best]! - value) ? i : best),
    0,
  );
  return list[Math.max(0, Math.min(list.length - 1, nearest + by))]!;
}

/** A CSS pixel is 1/96 of an inch; screens differ, so a reader can set another. */
export const PIXELS_PER_MILLIMETRE = 96 / 25.4;

/** `H:MM:SS`, `M:SS` below an hour; with tenths where the step is below a second. */
export function clock(seconds: number, step = 1): string {
  const total = step < 1 ? Math.round(seconds * 10) / 10 : Math.round(seconds);
  const whole = Math.floor(total);
  const tenths = step < 1 ? `.${Math.round((total - whole) * 10)}` : "";
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number) => String(value).padStart(2, "0");
  return (h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`) + tenths;
}
