import type { CellDiagnostic } from "../language/language.js";
import { faultAt, ModuleError } from "./module-error.js";
import { originalPosition } from "./positions.js";

/** Where an error came from that was thrown while the module at `path` was loaded. */
export function describeLoadError(error: unknown, path: string): CellDiagnostic[] {
  if (error instanceof ModuleError) return [...error.diagnostics];
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const [, file, line, column] = /(file:\/\/[^\s()]+|\/[^\s()]+):(\d+):(\d+)/.exec(stack) ?? [];
  const position = file === undefined ? undefined : originalPosition(file, Number(line), Number(column));
  return [position ? faultAt(position.file, position.line, position.column, text) : faultAt(path, 1, 1, text)];
}
