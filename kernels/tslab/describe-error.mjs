import { inspect } from "node:util";

/** The error of a cell from the arguments with which tslab prints it: a complaint of the compiler, or what was thrown. */
export function describeFailure(args, lines) {
  const [value, fileName, line, column, message] = args;
  if (typeof value === "string" && value.startsWith("%s%d:%d")) {
    const place = `${fileName}${line}:${column} - ${message}`;
    return { ename: "CompileError", evalue: place, traceback: [place] };
  }
  if (!(value instanceof Error || typeof value?.stack === "string")) {
    const text = typeof value === "string" ? value : inspect(value);
    return {
      ename: typeof value === "object" && value ? (value.constructor?.name ?? "Object") : typeof value,
      evalue: text,
      traceback: text.split("\n"),
    };
  }
  const stack = lines.mapStack(String(value.stack ?? value));
  const cause =
    value.cause === undefined
      ? ""
      : `\n[cause]: ${value.cause instanceof Error ? lines.mapStack(value.cause.stack ?? "") : inspect(value.cause)}`;
  return { ename: value.name ?? "Error", evalue: String(value.message), traceback: `${stack}${cause}`.split("\n") };
}
