const UNITS = ["s", "ms", "µs", "ns"];

/** Whole days, hours, minutes and seconds. */
function longDuration(seconds: number): string {
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [Math.floor(seconds % 60), "s"],
  ];
  return parts.flatMap(([count, unit]) => (count > 0 ? `${count}${unit}` : [])).join(" ");
}

/** A time as IPython prints it: three significant digits in s, ms, µs or ns; from a minute on, 1min 3s. */
export function formatDuration(seconds: number): string {
  if (seconds >= 60) return longDuration(seconds);
  if (!(seconds > 0)) return "0 ns";
  const power = Math.min(3, Math.max(0, -Math.floor(Math.log10(seconds) / 3)));
  const value = Number((seconds * 1000 ** power).toPrecision(3));
  return value >= 1000 && power > 0 ? `${value / 1000} ${UNITS[power - 1]}` : `${value} ${UNITS[power]}`;
}
