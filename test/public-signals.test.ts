/** Asynchronous functions behind the doors of the package can be stopped: they take `signal`. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { test } from "node:test";
import ts from "typescript";
import { readManifest, writeManifest } from "../src/cache/manifest.js";
import { openCache } from "../src/cache/open.js";
import { readSidecar } from "../src/cache/sidecar.js";
import { slurmTool } from "../src/cluster/slurm/tools.js";
import { openWindowReader } from "../src/dataset/window-reader.js";
import { fileSource } from "../src/recording/byte-source.js";
import { openEdfWriter } from "../src/recording/edf-writer.js";
import { openMirror } from "../src/store/mirror.js";
import { startS3Server } from "../src/store/server/s3-server.js";
import { makeCache, seizure, temporaryFolder } from "./cache/made-cache.js";
import { filesUnder, parseSource } from "./measure/sources.js";

const sources = [...filesUnder("src", /\.ts$/), ...filesUnder("kernels/typescript/src", /\.ts$/)].map((path) =>
  parseSource(path),
);

const byPath = new Map(sources.map((source) => [source.path, source]));

/** The file that a module of `path` imports by `specifier`. */
function fileOf(path: string, specifier: string): string {
  if (specifier.startsWith(".")) return join(dirname(path), specifier.replace(/\.js$/, ".ts"));
  return specifier === "@ictal/jupyter" ? "kernels/typescript/src/index.ts" : specifier;
}

/** The declaration of a type that a file names, where it is written. */
function typeNamed(path: string, name: string): { readonly path: string; readonly node: ts.Node } | undefined {
  for (const statement of byPath.get(path)?.tree.statements ?? []) {
    const isType = ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement);
    if (isType && statement.name.text === name) return { path, node: statement };
    const clause = ts.isImportDeclaration(statement)
      ? statement.importClause?.namedBindings
      : ts.isExportDeclaration(statement)
        ? statement.exportClause
        : undefined;
    if (!clause || !(ts.isNamedImports(clause) || ts.isNamedExports(clause))) continue;
    const { moduleSpecifier } = statement as ts.ImportDeclaration | ts.ExportDeclaration; // the only ones with a clause
    const element = clause.elements.find((each) => each.name.text === name);
    if (element && moduleSpecifier)
      return typeNamed(
        fileOf(path, (moduleSpecifier as ts.StringLiteral).text),
        (element.propertyName ?? element.name).text,
      );
  }
  return undefined;
}

/** True for a type with a member `signal`, its own or inherited; members of members do not count. */
function hasSignal(path: string, node: ts.Node | undefined): boolean {
  if (!node) return false;
  if (ts.isTypeLiteralNode(node) || ts.isInterfaceDeclaration(node)) {
    const inherited = ts.isInterfaceDeclaration(node) ? (node.heritageClauses ?? []).flatMap(({ types }) => types) : [];
    return (
      node.members.some((member) => member.name?.getText() === "signal") ||
      inherited.some((each) => named(path, each.expression.getText(), each.typeArguments))
    );
  }
  if (ts.isTypeAliasDeclaration(node)) return hasSignal(path, node.type);
  if (ts.isIntersectionTypeNode(node) || ts.isUnionTypeNode(node))
    return node.types.some((each) => hasSignal(path, each));
  return ts.isTypeReferenceNode(node) && named(path, node.typeName.getText(), node.typeArguments);
}

function named(path: string, name: string, given: readonly ts.TypeNode[] = []): boolean {
  if (name === "AbortSignal") return true;
  if (["Omit", "Partial", "Readonly", "Required"].includes(name)) return hasSignal(path, given[0]);
  if (name === "Pick") return /"signal"/.test(given[1]?.getText() ?? "");
  const found = typeNamed(path, name);
  return found !== undefined && hasSignal(found.path, found.node);
}

const isDoor = ({ path }: { readonly path: string }) =>
  path.startsWith("src/exports/") || path === "kernels/typescript/src/index.ts";

const isAsync = ({ type, modifiers }: ts.FunctionDeclaration) =>
  modifiers?.some(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword) ||
  /^(Promise|AsyncGenerator)</.test(type?.getText() ?? "");

/** Functions that a door exports, by file. */
function exportedFunctions(): { readonly path: string; readonly declaration: ts.FunctionDeclaration }[] {
  const wanted = new Map<string, Set<string>>();
  for (const { path, tree } of sources.filter(isDoor))
    for (const statement of tree.statements) {
      if (!ts.isExportDeclaration(statement) || !statement.exportClause || !ts.isNamedExports(statement.exportClause))
        continue;
      const from = (statement.moduleSpecifier as ts.StringLiteral).text;
      const file = fileOf(path, from);
      const names = wanted.get(file) ?? new Set();
      for (const { name, propertyName } of statement.exportClause.elements) names.add((propertyName ?? name).text);
      wanted.set(file, names);
    }
  return sources.flatMap(({ path, tree }) =>
    tree.statements
      .filter(ts.isFunctionDeclaration)
      .filter(({ name }) => name && wanted.get(path)?.has(name.text))
      .map((declaration) => ({ path, declaration })),
  );
}

test("asynchronous functions that the package exports take a signal", () => {
  const found = exportedFunctions().filter(({ declaration }) => isAsync(declaration));
  assert.ok(found.length > 40, `${found.length} functions`);
  const without = found.filter(
    ({ path, declaration }) => !declaration.parameters.some(({ type }) => hasSignal(path, type)),
  );
  assert.deepEqual(
    without.map(({ declaration }) => declaration.name?.text),
    [],
  );
});

const STOPPED = AbortSignal.abort(new Error("stopped"));

test("files, windows and caches are not opened or read once the signal is aborted, and an aborted server closes", async (context) => {
  const dir = await temporaryFolder(context);
  const { folder } = await makeCache(dir, [{ id: "train/a/s/m/t0", sampleCount: 700, seizures: [seizure(1, 2)] }]);
  const { manifest, path } = await writeManifest(dir);
  const stopped = (work: Promise<unknown>) => assert.rejects(work, /stopped|aborted/);
  await stopped(fileSource(path, { signal: STOPPED }));
  await stopped(readManifest(dir, { signal: STOPPED }));
  await stopped(openCache(dir, { signal: STOPPED }));
  await stopped(readSidecar(folder.path, "train/a/s/m/t0", { signal: STOPPED }));
  await stopped(openWindowReader(dir, manifest, { signal: STOPPED }));
  await stopped(startS3Server({ root: dir, bucket: "bucket", signal: STOPPED }));
  await stopped(openMirror(join(dir, "mirror"), 1, { signal: STOPPED }));
  await stopped(
    openEdfWriter(
      join(dir, "x.edf"),
      { kind: "EDF", recordDurationSeconds: 1, signals: [], recordCount: 1 },
      { signal: STOPPED },
    ),
  );
  await stopped(slurmTool("sleep", ["60"], { signal: AbortSignal.timeout(100) }));

  const stop = new AbortController();
  const source = await fileSource(path, { signal: stop.signal });
  const reader = await openWindowReader(dir, manifest);
  const server = await startS3Server({ root: dir, bucket: "bucket", signal: stop.signal });
  stop.abort(new Error("stopped"));
  await stopped(source.read(0, 9));
  await source.close?.();
  await stopped(reader.readInto(new Float32Array(300), 0, 0, 100, { signal: stop.signal }));
  await reader.close();
  await assert.rejects(fetch(server.endpoint));
  await server.close();
});
