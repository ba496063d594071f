/** Coverage of files, summed by layer. */

/** What Node reports for one file. */
export interface FileCoverage {
  readonly path: string;
  readonly totalLineCount: number;
  readonly coveredLineCount: number;
  readonly totalBranchCount: number;
  readonly coveredBranchCount: number;
  readonly totalFunctionCount: number;
  readonly coveredFunctionCount: number;
}

/** The source module of a path, compiled or not; undefined for tests, packages and what else was loaded. */
export function moduleOf(path: string): string | undefined {
  const found =
    /^(kernels\/[^/]+\/)?(?:dist\/)?src\/(.*)\.(?:js|ts)$/.exec(path) ?? /^(kernels\/base\/)dist\/(.*)\.js$/.exec(path);
  return found ? `${found[1] ?? ""}src/${found[2]}.ts` : undefined;
}

/** The layer of src/ or the package of a module. */
const groupOf = (path: string): string =>
  path.startsWith("src/") ? (path.split("/", 2)[1] ?? path) : path.split("/", 2).join("/");

const KINDS = ["Line", "Branch", "Function"] as const;

/** Covered share of lines, branches and functions in percent, one decimal; n/a where there is nothing to cover. */
function shares(files: readonly FileCoverage[]): string[] {
  return KINDS.map((kind) => {
    const sum = (key: "total" | "covered") => files.reduce((all, file) => all + file[`${key}${kind}Count`], 0);
    return sum("total") === 0 ? "n/a" : ((100 * sum("covered")) / sum("total")).toFixed(1);
  });
}

const row = (name: string, files: readonly FileCoverage[]): string =>
  `${name.padEnd(44)}${shares(files)
    .map((share) => share.padStart(11))
    .join("")}`;

/** The table: a row a layer, the files of `detailed` below it, and all of them. Modules that nothing loaded do not count. */
export function coverageTable(files: readonly FileCoverage[], detailed?: string): string {
  const groups = new Map<string, FileCoverage[]>();
  for (const file of files) groups.set(groupOf(file.path), [...(groups.get(groupOf(file.path)) ?? []), file]);
  const lines = [...groups]
    .sort(([a], [b]) => a.localeCompare(b))
    .flatMap(([name, members]) => {
      const byShare = [...members].sort(
        (a, b) => a.coveredLineCount / a.totalLineCount - b.coveredLineCount / b.totalLineCount,
      );
      return [row(name, members), ...(name === detailed ? byShare.map((file) => row(`  ${file.path}`, [file])) : [])];
    });
  const head = `${"covered, percent".padEnd(44)}${["lines", "branches", "functions"].map((name) => name.padStart(11)).join("")}`;
  return [head, ...lines, row("all", files)].join("\n");
}
