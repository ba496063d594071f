import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as TypeScript from "typescript";
import { checkLoops } from "./check-loops.js";
import { replaceDeno } from "./deno-name.js";
import { hoistVariables } from "./hoist-variables.js";
import { IMPORT_KEY, type ImportBinding } from "./language.js";
import { ts } from "./load-typescript.js";

// A cell becomes a script for V8's REPL mode. There `let` may be declared again by any later cell, and earlier closures
// then see the new value; a name that was once `const`, `var` or a function may not. So every top-level name is a `let`.

interface Emitted {
  readonly javaScript: string;
  readonly sourceMap: string;
  readonly imports: readonly ImportBinding[];
  /** The cell's declarations alone; undefined when one of them has a type that cannot be written down outside the cell. */
  readonly declarations: string | undefined;
}

type Transform = (file: TypeScript.SourceFile) => TypeScript.SourceFile;

function importHelper(factory: TypeScript.NodeFactory): TypeScript.Expression {
  const symbolFor = factory.createPropertyAccessExpression(factory.createIdentifier("Symbol"), "for");
  const key = factory.createCallExpression(symbolFor, undefined, [factory.createStringLiteral(IMPORT_KEY)]);
  return factory.createElementAccessExpression(factory.createIdentifier("globalThis"), key);
}

/** `import(x)` and `import.meta`, anywhere in the cell, as what the kernel offers in their place. */
function replaceImportExpressions(context: TypeScript.TransformationContext, metaOf: () => TypeScript.Expression) {
  const { factory } = context;
  const visit = (node: TypeScript.Node): TypeScript.Node => {
    if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword) return metaOf();
    const visited = ts.visitEachChild(node, visit, context);
    return ts.isCallExpression(visited) && visited.expression.kind === ts.SyntaxKind.ImportKeyword
      ? factory.updateCallExpression(visited, importHelper(factory), undefined, visited.arguments)
      : visited;
  };
  return visit;
}

function metaExpression(factory: TypeScript.NodeFactory, path: string, notebookDir: string): TypeScript.Expression {
  const text = (name: string, value: string) =>
    factory.createPropertyAssignment(name, factory.createStringLiteral(value));
  const resolve = factory.createPropertyAccessExpression(importHelper(factory), "resolve");
  return factory.createObjectLiteralExpression([
    text("url", pathToFileURL(path).href),
    text("dirname", notebookDir),
    text("filename", path),
    factory.createPropertyAssignment("resolve", resolve),
  ]);
}

/** The `let` statements that stand for an import declaration. */
function importStatements(
  declaration: TypeScript.ImportDeclaration,
  factory: TypeScript.NodeFactory,
  bindings: ImportBinding[],
): TypeScript.Statement[] {
  const specifier = (declaration.moduleSpecifier as TypeScript.StringLiteral).text;
  const loaded = factory.createAwaitExpression(
    factory.createCallExpression(importHelper(factory), undefined, [declaration.moduleSpecifier]),
  );
  const clause = declaration.importClause;
  const place = <T extends TypeScript.Node>(node: T): T => ts.setTextRange(node, declaration);
  if (!clause) return [place(factory.createExpressionStatement(loaded))];
  const declare = (name: TypeScript.BindingName, value: TypeScript.Expression) =>
    factory.createVariableDeclaration(name, undefined, undefined, value);
  const bind = (local: TypeScript.Identifier, exported: string) => {
    bindings.push({ local: local.text, specifier, exported });
    return local;
  };
  const letStatement = (declarations: TypeScript.VariableDeclaration[]) =>
    place(
      factory.createVariableStatement(undefined, factory.createVariableDeclarationList(declarations, ts.NodeFlags.Let)),
    );
  const elements: TypeScript.BindingElement[] = [];
  const element = (local: TypeScript.Identifier, exported: string) => {
    const key = /^[\w$]+$/.test(exported) ? exported : factory.createStringLiteral(exported);
    elements.push(
      factory.createBindingElement(undefined, exported === local.text ? undefined : key, bind(local, exported)),
    );
  };
  if (clause.name) element(clause.name, "default");
  const named = clause.namedBindings;
  if (named && ts.isNamespaceImport(named)) {
    const whole = declare(bind(named.name, "*"), loaded);
    const rest = elements.length > 0 ? [declare(factory.createObjectBindingPattern(elements), named.name)] : [];
    return [letStatement([whole, ...rest])];
  }
  for (const { name, propertyName } of named?.elements ?? []) element(name, (propertyName ?? name).text);
  return [letStatement([declare(factory.createObjectBindingPattern(elements), loaded)])];
}

function withoutExport(factory: TypeScript.NodeFactory, statement: TypeScript.Statement): TypeScript.Statement {
  const retainedModifiers = (node: {
    readonly modifiers?: TypeScript.NodeArray<TypeScript.ModifierLike> | undefined;
  }) =>
    node.modifiers?.filter(({ kind }) => kind !== ts.SyntaxKind.ExportKeyword && kind !== ts.SyntaxKind.DefaultKeyword);
  if (ts.isVariableStatement(statement))
    return factory.updateVariableStatement(
      statement,
      retainedModifiers(statement)?.filter(ts.isModifier),
      statement.declarationList,
    );
  if (ts.isClassDeclaration(statement) && statement.name)
    return factory.updateClassDeclaration(
      statement,
      retainedModifiers(statement),
      statement.name,
      statement.typeParameters,
      statement.heritageClauses,
      statement.members,
    );
  return statement;
}

function letOfFunction(factory: TypeScript.NodeFactory, node: TypeScript.FunctionDeclaration): TypeScript.Statement {
  const { asteriskToken, name, parameters, body } = node;
  const modifiers = node.modifiers?.filter(({ kind }) => kind === ts.SyntaxKind.AsyncKeyword).filter(ts.isModifier);
  // without a name of its own, so that it sees itself declared again; the assignment names it
  const value = ts.setTextRange(
    factory.createFunctionExpression(modifiers, asteriskToken, undefined, undefined, parameters, undefined, body!),
    node,
  );
  ts.setOriginalNode(value, node);
  if (!name) return factory.createExpressionStatement(factory.createParenthesizedExpression(value));
  const declaration = factory.createVariableDeclaration(name, undefined, undefined, value);
  return ts.setTextRange(
    factory.createVariableStatement(undefined, factory.createVariableDeclarationList([declaration], ts.NodeFlags.Let)),
    node,
  );
}

function asLet(factory: TypeScript.NodeFactory, statement: TypeScript.Statement): TypeScript.Statement {
  if (!ts.isVariableStatement(statement)) return statement;
  const list = statement.declarationList;
  const kind = list.flags & ts.NodeFlags.BlockScoped;
  if (kind !== ts.NodeFlags.Const && kind !== 0) return statement;
  const changed = ts.setTextRange(factory.createVariableDeclarationList(list.declarations, ts.NodeFlags.Let), list);
  ts.setOriginalNode(changed, list);
  return factory.updateVariableStatement(statement, undefined, changed);
}

/** True when the value of the cell's last statement is the value of the cell. */
function endsInExpression(file: TypeScript.SourceFile, length: number): boolean {
  const last = file.statements.filter((statement) => statement.getStart(file) < length).at(-1);
  return last !== undefined && (ts.isExpressionStatement(last) || ts.isExportAssignment(last));
}

function toScript(
  context: TypeScript.TransformationContext,
  hasValue: boolean,
  path: string,
  notebookDir: string,
  bindings: ImportBinding[],
): Transform {
  const { factory } = context;
  const replaceImports = replaceImportExpressions(context, () => metaExpression(factory, path, notebookDir));
  const addChecks = checkLoops(context);
  const visit = (node: TypeScript.Node) => addChecks(replaceImports(node));
  const nothing = () => factory.createExpressionStatement(factory.createVoidZero());
  return (file) => {
    const imports: TypeScript.Statement[] = [];
    const functions: TypeScript.Statement[] = [];
    const rest: TypeScript.Statement[] = [];
    for (const raw of file.statements) {
      if (ts.isImportDeclaration(raw)) {
        imports.push(...importStatements(raw, factory, bindings));
        continue;
      }
      if (ts.isExportDeclaration(raw)) {
        if (!raw.moduleSpecifier) continue;
        const sideEffect = factory.createImportDeclaration(undefined, undefined, raw.moduleSpecifier);
        imports.push(...importStatements(sideEffect, factory, bindings));
        continue;
      }
      const statement = ts.visitNode(raw, visit, ts.isStatement);
      if (ts.isExportAssignment(statement))
        rest.push(ts.setTextRange(factory.createExpressionStatement(statement.expression), statement));
      else if (ts.isFunctionDeclaration(statement)) {
        if (statement.body) functions.push(letOfFunction(factory, statement));
      } else rest.push(asLet(factory, withoutExport(factory, statement)));
    }
    const hoisted = hoistVariables(context, rest);
    const strict = factory.createExpressionStatement(factory.createStringLiteral("use strict"));
    const start = [strict, nothing(), ...imports, ...hoisted.declarations, ...functions];
    return factory.updateSourceFile(file, [...start, ...hoisted.statements, ...(hasValue ? [] : [nothing()])]);
  };
}

/** Compiles the cell in `file`, whose first `length` characters are its code, to a script for REPL mode. */
export function emitCell(
  program: TypeScript.Program,
  file: TypeScript.SourceFile,
  cell: { readonly number: number; readonly code: string; readonly notebookDir: string; readonly ambient: string },
): Emitted {
  const { number, code, notebookDir, ambient } = cell;
  const name = `cell-${number}.ts`;
  const imports: ImportBinding[] = [];
  const hasValue = endsInExpression(file, code.length);
  let javaScript = "";
  let sourceMap = "";
  let declarations = "";
  const write = (path: string, text: string) => {
    if (path.endsWith(".map")) sourceMap = text;
    else if (path.endsWith(".d.ts")) declarations = text;
    else javaScript = text;
  };
  const { diagnostics } = program.emit(file, write, undefined, false, {
    before: [
      (context) => (source) =>
        context.factory.updateSourceFile(
          source,
          source.statements.filter(
            (statement) => statement.pos < code.length || statement.getStart(file) < code.length,
          ),
        ),
      replaceDeno(program, ambient),
    ],
    after: [(context) => toScript(context, hasValue, join(notebookDir, name), notebookDir, imports) as Transform],
  });
  const map = {
    ...(JSON.parse(sourceMap) as object),
    file: name,
    sourceRoot: "",
    sources: [name],
    sourcesContent: [code],
  };
  const script = javaScript.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, "");
  return {
    javaScript: `${script}\n//# sourceURL=${name}\n`,
    sourceMap: JSON.stringify(map),
    imports,
    declarations: diagnostics.length === 0 ? declarations : undefined,
  };
}
