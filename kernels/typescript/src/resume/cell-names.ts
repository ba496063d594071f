import { ts } from "../typescript.js";

/** What a cell does with the names of its notebook, as far as its source shows. */
export interface CellNames {
  readonly declares: ReadonlySet<string>;
  readonly imports: ReadonlySet<string>;
  readonly uses: ReadonlySet<string>;
  /** Names whose values the cell may change: by assignment, a method, or by handing them to a call made for its effect. */
  readonly changes: ReadonlySet<string>;
  /** Names that are assigned to, or whose members are. */
  readonly assigns: readonly string[];
  /** Pairs of names that may stand for the same object. */
  readonly aliases: readonly (readonly [string, string])[];
  /** True when one of its declarations holds a function: whoever uses it may change what the function changes. */
  readonly hasFunctions: boolean;
  /** Names handed to functions that are called by a bare name, which may be the notebook's own. */
  readonly calls: readonly { readonly callee: string; readonly names: readonly string[] }[];
  /** Calls made for their effect on something outside the notebook's names, e.g. `tf.setBackend`. */
  readonly effects: readonly { readonly root: string; readonly text: string }[];
}

/** Calls by such names show, store or close something; they leave nothing that a later cell could need. */
const SHOWS =
  /^(?:display|show|print|log|info|warn|error|debug|table|plot|draw|render|write|save|export|dump|assert|ok|equal|check|expect|close|dispose|finish)/i;
/** Methods that leave their object as it is. */
const READS =
  /^(?:map|filter|slice|at|get|has|keys|values|entries|join|includes|indexOf|lastIndexOf|find|findIndex|findLast|some|every|reduce|reduceRight|flatMap|flat|concat|forEach|to[A-Z]\w*|trim\w*|split|replace\w*|match\w*|test|pad\w*|charAt|charCodeAt|codePointAt|startsWith|endsWith|subarray|localeCompare|repeat|substring|with|then|catch|finally)$/;

const nameOf = (node: ts.Expression): string =>
  ts.isPropertyAccessExpression(node) ? node.name.text : ts.isIdentifier(node) ? node.text : "";

/** The identifier at the start of `a.b[0].c()`; undefined when there is none. */
function rootOf(node: ts.Expression): string | undefined {
  if (ts.isIdentifier(node)) return node.text;
  if (
    ts.isPropertyAccessExpression(node) ||
    ts.isElementAccessExpression(node) ||
    ts.isCallExpression(node) ||
    ts.isNonNullExpression(node) ||
    ts.isParenthesizedExpression(node) ||
    ts.isAwaitExpression(node) ||
    ts.isAsExpression(node)
  )
    return rootOf(node.expression);
  return undefined;
}

function bindingNames(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((element) => (ts.isBindingElement(element) ? bindingNames(element.name) : []));
}

function importNames(statement: ts.ImportDeclaration): string[] {
  const clause = statement.importClause;
  const bindings = clause?.namedBindings;
  const named = !bindings
    ? []
    : ts.isNamespaceImport(bindings)
      ? [bindings.name.text]
      : bindings.elements.map((element) => element.name.text);
  return clause?.name ? [clause.name.text, ...named] : named;
}

/** True when the identifier is a use of a name, not the name of a member. */
function isUse(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isQualifiedName(parent)) return parent.left === node;
  const isMember =
    ts.isPropertyAssignment(parent) ||
    ts.isMethodDeclaration(parent) ||
    ts.isPropertyDeclaration(parent) ||
    ts.isPropertySignature(parent) ||
    ts.isMethodSignature(parent);
  return !(isMember && parent.name === node);
}

/** Names that an expression hands on as they are: those outside calls. */
function handedOn(node: ts.Node): string[] {
  if (ts.isIdentifier(node)) return isUse(node) ? [node.text] : [];
  const makesNew = ts.isCallExpression(node) || ts.isNewExpression(node) || ts.isBinaryExpression(node);
  if (makesNew || ts.isFunctionLike(node) || ts.isTemplateExpression(node)) return [];
  return childrenOf(node).flatMap(handedOn);
}

function childrenOf(node: ts.Node): ts.Node[] {
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => void children.push(child));
  return children;
}

const isAssignment = (kind: ts.SyntaxKind): boolean =>
  kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;

/** True when nobody takes the value of a call: it is made for its effect. */
function isDiscarded(call: ts.CallExpression): boolean {
  let { parent } = call as { parent: ts.Node };
  while (ts.isAwaitExpression(parent) || ts.isVoidExpression(parent) || ts.isParenthesizedExpression(parent))
    parent = parent.parent;
  return ts.isExpressionStatement(parent);
}

/** Reads a TypeScript cell; over-estimates uses and changes where the source leaves it open. */
export function cellNames(source: string): CellNames {
  const file = ts.createSourceFile("cell.ts", source, ts.ScriptTarget.Latest, true);
  const declares = new Set<string>();
  const imports = new Set<string>();
  const uses = new Set<string>();
  const changes = new Set<string>();
  const assigns: string[] = [];
  const aliases: [string, string][] = [];
  const calls: { callee: string; names: readonly string[] }[] = [];
  const effects: { root: string; text: string }[] = [];
  let hasFunctions = false;

  const change = (node: ts.Expression) => {
    const root = rootOf(node);
    if (root === undefined) for (const name of identifiersIn(node)) changes.add(name);
    else changes.add(root);
  };
  const readCall = (call: ts.CallExpression) => {
    const { expression } = call;
    const name = nameOf(expression);
    const discarded = isDiscarded(call);
    const shows = SHOWS.test(name);
    const root = rootOf(expression);
    if (ts.isPropertyAccessExpression(expression) && !READS.test(name) && !shows) change(expression.expression);
    if (discarded && !shows && root !== undefined) effects.push({ root, text: expression.getText(file).slice(0, 40) });
    if ((discarded && !shows && !READS.test(name)) || /Into$|^assign$/.test(name))
      for (const argument of call.arguments) for (const used of identifiersIn(argument)) changes.add(used);
    else if (ts.isIdentifier(expression))
      calls.push({ callee: expression.text, names: call.arguments.flatMap(identifiersIn) });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && isUse(node)) uses.add(node.text);
    if (ts.isCallExpression(node)) readCall(node);
    else if (ts.isBinaryExpression(node) && isAssignment(node.operatorToken.kind)) {
      const { left } = node;
      if (ts.isIdentifier(left)) for (const used of handedOn(node.right)) aliases.push([left.text, used]);
      if (ts.isObjectLiteralExpression(node.left) || ts.isArrayLiteralExpression(node.left))
        for (const name of identifiersIn(node.left)) changes.add(name);
      else {
        change(left);
        const root = rootOf(left);
        if (root !== undefined) assigns.push(root);
      }
    } else if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) {
      if (node.operator === ts.SyntaxKind.PlusPlusToken || node.operator === ts.SyntaxKind.MinusMinusToken)
        change(node.operand);
    } else if (ts.isDeleteExpression(node)) change(node.expression);
    ts.forEachChild(node, visit);
  };
  for (const statement of file.statements) {
    if (ts.isImportDeclaration(statement)) {
      const names = importNames(statement);
      for (const name of names) imports.add(name);
      if (!statement.importClause) effects.push({ root: "import", text: statement.getText(file).slice(0, 40) });
      continue;
    }
    if (ts.isVariableStatement(statement)) {
      for (const { name, initializer } of statement.declarationList.declarations)
        for (const declared of bindingNames(name)) {
          declares.add(declared);
          for (const used of initializer ? handedOn(initializer) : []) aliases.push([declared, used]);
        }
    } else if ("name" in statement && statement.name && ts.isIdentifier(statement.name as ts.Node))
      declares.add((statement.name as ts.Identifier).text); // functions, classes, enums, interfaces, types, namespaces
    visit(statement);
  }
  const findFunction = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) hasFunctions = true;
    else ts.forEachChild(node, findFunction);
  };
  findFunction(file);
  for (const name of [...declares, ...imports]) uses.delete(name);
  return { declares, imports, uses, changes, assigns, aliases, hasFunctions, calls, effects };
}

function identifiersIn(node: ts.Node): string[] {
  if (ts.isIdentifier(node)) return isUse(node) ? [node.text] : [];
  return childrenOf(node).flatMap(identifiersIn);
}
