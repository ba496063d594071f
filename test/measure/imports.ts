/** What a source file imports, requires or starts as a worker or a child process. */
import { dirname, join } from "node:path";
import ts from "typescript";
import { nodesOf, type Source } from "./sources.js";

/** One import; `target` is a path from the project, or the name of a package's module. */
export interface Import {
  readonly file: string;
  readonly target: string;
  /** Whether the target is a file of the project, named by a relative path. */
  readonly isFile: boolean;
  readonly typeOnly: boolean;
  /** Whether the file is started, as a worker thread or a process, rather than loaded. */
  readonly isStarted: boolean;
}

/** Imports of a file, and the places whose target no text tells. */
export interface Imports {
  readonly known: readonly Import[];
  /** `import(…)` and `new Worker(…)` of an expression, as written. */
  readonly computed: readonly string[];
}

/** What a path of compiled code is compiled from. */
function sourceOf(path: string): string {
  return path.replace(/^(kernels\/[^/]+\/)?dist\/src\//, "$1src/").replace(/\.js$/, ".ts");
}

const textOf = (node: ts.Node | undefined): string | undefined =>
  node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined;

/** The text of `new URL(text, import.meta.url)`. */
function relativeUrl(node: ts.Node): string | undefined {
  if (!ts.isNewExpression(node) || node.expression.getText() !== "URL") return undefined;
  const [path, base] = node.arguments ?? [];
  return base?.getText() === "import.meta.url" ? textOf(path) : undefined;
}

/** The specifier of a declaration or a type that imports, and whether only types come with it. */
function declared(node: ts.Node): { specifier: string | undefined; typeOnly: boolean } | undefined {
  if (ts.isImportDeclaration(node))
    return {
      specifier: textOf(node.moduleSpecifier),
      typeOnly: node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword,
    };
  if (ts.isExportDeclaration(node)) return { specifier: textOf(node.moduleSpecifier), typeOnly: node.isTypeOnly };
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
    return { specifier: textOf(node.argument.literal), typeOnly: true };
  return undefined;
}

const REQUIRE = /^(require|createRequire\(.*\))(\.resolve)?$/s;

/** The specifier of `import(…)` and `require(…)`; null where it is an expression that `import` takes. */
function called(node: ts.Node): string | null | undefined {
  if (!ts.isCallExpression(node)) return undefined;
  const [argument] = node.arguments;
  if (node.expression.kind === ts.SyntaxKind.ImportKeyword) return textOf(argument) ?? null;
  return REQUIRE.test(node.expression.getText()) ? textOf(argument) : undefined;
}

const isComputedWorker = (node: ts.Node): boolean =>
  ts.isNewExpression(node) &&
  node.expression.getText() === "Worker" &&
  node.arguments?.[0] !== undefined &&
  relativeUrl(node.arguments[0]) === undefined;

/** All imports of `source`: declarations, types, dynamic imports, requires, and URLs of modules to start. */
export function importsOf({ path, tree }: Source): Imports {
  const known: Import[] = [];
  const computed: string[] = [];
  const add = (specifier: string, typeOnly: boolean, isStarted = false): void => {
    const isFile = specifier.startsWith(".");
    const target = isFile ? sourceOf(join(dirname(path), specifier)) : specifier;
    known.push({ file: path, target, isFile, typeOnly, isStarted });
  };
  for (const node of nodesOf(tree)) {
    const declaration = declared(node);
    if (declaration?.specifier !== undefined) add(declaration.specifier, declaration.typeOnly);
    const specifier = called(node);
    if (specifier === null || isComputedWorker(node)) computed.push(node.getText());
    else if (specifier !== undefined) add(specifier, false);
    const url = relativeUrl(node);
    if (url !== undefined && /\.m?[jt]s$/.test(url)) add(url.startsWith(".") ? url : `./${url}`, false, true);
  }
  return { known, computed };
}

/** The package of a module's name: `@ictal/base/errors` is of `@ictal/base`. */
export function packageOf(specifier: string): string {
  if (specifier.startsWith("node:")) return "node:";
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}
