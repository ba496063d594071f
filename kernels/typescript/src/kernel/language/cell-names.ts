import type * as TypeScript from "typescript";
import { ts } from "./load-typescript.js";

/** How a later cell refers to a name: assignable, constant, or both value and type (functions and imports too). */
export type NameKind = "let" | "const" | "alias";

export interface CellNames {
  /** What the cell declares at its top level, `var` in blocks included. */
  readonly declared: ReadonlyMap<string, NameKind>;
  /** Those of them that the cell exports itself. */
  readonly exported: ReadonlySet<string>;
  /** Every identifier in the text, whatever it means. */
  readonly mentioned: ReadonlySet<string>;
  /** True when the cell adds to the global scope or to other modules. */
  readonly augments: boolean;
}

type Declare = (name: string, kind: NameKind) => void;

function bindingNames(name: TypeScript.BindingName, found: (name: string) => void): void {
  if (ts.isIdentifier(name)) found(name.text);
  else for (const element of name.elements) if (ts.isBindingElement(element)) bindingNames(element.name, found);
}

function variableKind(list: TypeScript.VariableDeclarationList): NameKind {
  return (list.flags & ts.NodeFlags.Const) === ts.NodeFlags.Const ? "const" : "let";
}

const isVar = (list: TypeScript.VariableDeclarationList) => (list.flags & ts.NodeFlags.BlockScoped) === 0;

function declareImport(statement: TypeScript.ImportDeclaration, declare: Declare): void {
  const clause = statement.importClause;
  if (clause?.name) declare(clause.name.text, "alias");
  const bindings = clause?.namedBindings;
  if (bindings && ts.isNamespaceImport(bindings)) declare(bindings.name.text, "alias");
  else for (const element of bindings?.elements ?? []) declare(element.name.text, "alias");
}

function declareStatement(statement: TypeScript.Statement, declare: Declare): void {
  if (ts.isVariableStatement(statement)) {
    const kind = variableKind(statement.declarationList);
    for (const { name } of statement.declarationList.declarations) bindingNames(name, (found) => declare(found, kind));
  } else if (ts.isImportDeclaration(statement)) declareImport(statement, declare);
  else if (
    (ts.isFunctionDeclaration(statement) ||
      ts.isClassDeclaration(statement) ||
      ts.isEnumDeclaration(statement) ||
      ts.isInterfaceDeclaration(statement) ||
      ts.isTypeAliasDeclaration(statement) ||
      ts.isImportEqualsDeclaration(statement)) &&
    statement.name
  )
    declare(statement.name.text, "alias");
  else if (ts.isModuleDeclaration(statement) && ts.isIdentifier(statement.name) && !isGlobal(statement))
    declare(statement.name.text, "alias");
}

const isGlobal = (statement: TypeScript.ModuleDeclaration) => (statement.flags & ts.NodeFlags.GlobalAugmentation) !== 0;

const isExported = (statement: TypeScript.Statement) =>
  ts.canHaveModifiers(statement) &&
  (ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false);

const augments = (statement: TypeScript.Statement) =>
  ts.isModuleDeclaration(statement) && (isGlobal(statement) || ts.isStringLiteral(statement.name));

/** Reads the names of a cell from its syntax tree. */
export function namesOf(file: TypeScript.SourceFile): CellNames {
  const declared = new Map<string, NameKind>();
  const exported = new Set<string>();
  const mentioned = new Set<string>();
  const declare: Declare = (name, kind) => declared.set(name, declared.has(name) ? "alias" : kind);
  for (const statement of file.statements) {
    declareStatement(statement, (name, kind) => {
      declare(name, kind);
      if (isExported(statement)) exported.add(name);
    });
    if (ts.isExportDeclaration(statement) && statement.exportClause && ts.isNamedExports(statement.exportClause))
      for (const element of statement.exportClause.elements) exported.add(element.name.text);
  }
  const visit = (node: TypeScript.Node, inFunction: boolean): void => {
    if (ts.isIdentifier(node)) mentioned.add(node.text);
    const isNestedVar = ts.isVariableDeclarationList(node) && isVar(node) && !inFunction;
    if (isNestedVar && node.parent.parent !== file)
      for (const { name } of node.declarations) bindingNames(name, (found) => declare(found, "let"));
    const inner = inFunction || ts.isFunctionLike(node) || ts.isClassLike(node) || ts.isModuleDeclaration(node);
    ts.forEachChild(node, (child) => visit(child, inner));
  };
  visit(file, false);
  return { declared, exported, mentioned, augments: file.statements.some(augments) };
}
