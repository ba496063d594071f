/** The shape of the project's sources in numbers: the rows of the table in CONTRIBUTING.md. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { cyclesOf } from "./cycles.js";
import { functionsOf } from "./functions.js";
import { importsOf } from "./imports.js";
import { filesUnder, nodesOf, parseSource, type Source } from "./sources.js";
import { countStatements, lineCount, type StatementCounts } from "./statements.js";

const SOURCES = ["src", "kernels/base/src", "kernels/typescript/src"];
const TESTS = ["test", "kernels/typescript/test"];
const MANIFESTS = [".", "kernels/base", "kernels/typescript"];

/** The value of a quantile by its nearest rank. */
function rank(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
const thousands = (count: number): string => `${(count / 1000).toFixed(1)}k`;
const grouped = (count: number): string => count.toLocaleString("en");
const percent = (part: number, whole: number): string => `${Math.round((100 * part) / whole)} %`;
const ranks = (values: readonly number[], ...shares: readonly number[]): string =>
  shares.map((share) => rank(values, share)).join(" / ");

function read(dirs: readonly string[], root: string): Source[] {
  const paths = dirs.flatMap((dir) => filesUnder(dir, /(?<!\.d)\.ts$/, root));
  return paths.filter((path) => !path.includes("/wasm/")).map((path) => parseSource(path, root));
}

/** Calls of `test(…)` and `it(…)` in a file. */
function testsIn({ tree }: Source): number {
  const isTest = (node: ts.Node) => ts.isCallExpression(node) && /^(test|it)$/.test(node.expression.getText());
  return [...nodesOf(tree)].filter(isTest).length;
}

/** Names of packages that an installation brings: dependencies, optional ones included, each once, without our own. */
function dependencies(root: string): number {
  const names = MANIFESTS.map((dir) => join(root, dir, "package.json"))
    .filter((path) => existsSync(path))
    .flatMap((path) => {
      const { dependencies, optionalDependencies } = JSON.parse(readFileSync(path, "utf8"));
      return Object.keys({ ...dependencies, ...optionalDependencies });
    });
  return new Set(names.filter((name) => !name.startsWith("@ictal/"))).size;
}

function functionRows(sources: readonly Source[]): [string, string][] {
  const functions = sources.flatMap(functionsOf);
  const lines = functions.map((each) => each.lines);
  const cyclomatic = functions.map((each) => each.cyclomatic);
  const over = cyclomatic.filter((value) => value > 15).length;
  const parameters = functions.map((each) => each.parameters);
  return [
    ["function median / p90 / p95 / max", ranks(lines, 0.5, 0.9, 0.95, 1)],
    ["cyclomatic p95 / max / over 15", `${ranks(cyclomatic, 0.95, 1)} / ${over} of ${grouped(functions.length)}`],
    ["parameters p95 / max", ranks(parameters, 0.95, 1)],
  ];
}

function moduleRows(sources: readonly Source[], counts: readonly StatementCounts[]): [string, string][] {
  const imports = sources.flatMap((source) => importsOf(source).known);
  const isDoor = (i: number) => /(?:^|\/)src\/(?:index\.ts$|exports\/)/.test(sources[i]?.path ?? "");
  const exports = counts.map((each) => each.exports).filter((_, i) => !isDoor(i));
  const namesIn = (pattern: RegExp) =>
    sumOf(counts.filter((_, i) => pattern.test(sources[i]?.path ?? "")).map((each) => each.exports));
  const index = namesIn(/^src\/exports\//) || namesIn(/^src\/index\.ts$/); // there was one index before there were doors
  const depth = sources.map(({ path }) => path.replace(/^.*?src\//, "").split("/").length - 1);
  const ofValues = cyclesOf(imports.filter(({ typeOnly }) => !typeOnly)).length;
  return [
    ["exports per file median / p95; index", `${ranks(exports, 0.5, 0.95)}; ${index}`],
    [
      "imports per file median / p95",
      ranks(
        counts.map((each) => each.imports),
        0.5,
        0.95,
      ),
    ],
    ["folder depth", String(Math.max(...depth))],
    ["cycles of values / types", `${ofValues} / ${cyclesOf(imports).length - ofValues}`],
  ];
}

function statementRows(counts: readonly StatementCounts[]): [string, string][] {
  const total = (key: keyof StatementCounts) => sumOf(counts.map((each) => each[key]));
  return [
    [
      "comment share; exports with doc",
      `${percent(total("commentLines"), total("lines"))}; ${percent(total("documented"), total("declarations"))}`,
    ],
    ["any / casts / non-null `!`", [total("any"), total("casts"), total("nonNull")].map(grouped).join(" / ")],
    ["plain `new Error` of throws", `${total("plainThrows")} of ${total("throws")}`],
  ];
}

/** Each measure's name and value, for the project in the folder `root`. */
export function measureShape(root: string): [name: string, value: string][] {
  const sources = read(SOURCES, root);
  const tests = read(TESTS, root);
  const counts = sources.map(countStatements);
  const lines = counts.map((each) => each.lines);
  const testLines = sumOf(tests.map(({ text }) => lineCount(text)));
  const testCount = sumOf(tests.map(testsIn));
  return [
    ["files / lines", `${sources.length} / ${thousands(sumOf(lines))}`],
    ["file median / p95 / max", ranks(lines, 0.5, 0.95, 1)],
    ...functionRows(sources),
    ...moduleRows(sources, counts),
    ...statementRows(counts),
    ["test lines : src lines", `${(testLines / sumOf(lines)).toFixed(2)} (${grouped(testCount)} tests)`],
    ["run-time dependencies", String(dependencies(root))],
  ];
}
