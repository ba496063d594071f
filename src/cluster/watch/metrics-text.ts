/** Named numbers, in the order of output. */
export type Numbers = Readonly<Record<string, number>>;

function metricName(name: string): string {
  return `ictal_${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).replace(/[^a-z0-9_]/g, "_")}`;
}

function labelValue(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

/** Numbers as gauges in Prometheus' text format, all with the same labels; camel case becomes snake case. */
export function metricsText(numbers: Numbers, labels: Readonly<Record<string, string>>): string {
  const tags = Object.entries(labels).map(([name, value]) => `${name}=${labelValue(value)}`);
  return Object.entries(numbers)
    .map(([name, value]) => {
      const metric = metricName(name);
      const number = Number.isFinite(value) ? String(value) : Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
      return `# TYPE ${metric} gauge\n${metric}{${tags.join(",")}} ${number}\n`;
    })
    .join("");
}
