/** A reporter for Node's test runner: the names of failed tests, then coverage by layer. */
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { coverageTable, type FileCoverage, moduleOf } from "./table.js";

const project = fileURLToPath(new URL("../../../", import.meta.url)); // from dist/test/coverage/

/** Parts of Node's events that are read here. */
type Event =
  | { readonly type: "test:fail"; readonly data: { readonly name: string; readonly file?: string } }
  | {
      readonly type: "test:coverage";
      readonly data: { readonly summary: { readonly files: readonly FileCoverage[] } };
    };

/** Each line of the report. */
export default async function* report(events: AsyncIterable<Event>): AsyncGenerator<string> {
  for await (const event of events) {
    if (event.type === "test:fail") yield `failed: ${event.data.name} (${event.data.file ?? "unknown file"})\n`;
    if (event.type !== "test:coverage") continue;
    const files = event.data.summary.files
      .map((file) => ({ ...file, path: moduleOf(relative(project, file.path)) }))
      .filter(({ path }) => path !== undefined);
    yield `${coverageTable(files as FileCoverage[], process.env.ICTAL_COVERAGE_FILES || undefined)}\n`;
  }
}
