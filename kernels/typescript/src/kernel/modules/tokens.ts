/** A word, a sign or a literal of JavaScript; whitespace and comments are left out. */
export interface Token {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const TOKEN =
  /\s+|\/\/.*|\/\*[\s\S]*?\*\/|'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*"|[\p{ID_Start}$_#][\p{ID_Continue}$\u200c\u200d]*|\d[\w.]*|\?\.|\+\+|--|[\s\S]/uy;
/** The text of a template up to its end or to the next expression in it. */
const TEMPLATE = /(?:\\[\s\S]|\$(?!\{)|[^\\`$])*(?:`|\$\{)/y;
const REGULAR_EXPRESSION = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y;
/** Words after which a slash begins a regular expression; after other words and values it divides. */
const OPERATOR_WORD =
  /^(?:return|typeof|case|do|else|in|of|void|delete|throw|new|yield|await|instanceof|default|extends)$/;
const VALUE_END = /[\p{ID_Continue}$"'`\]]$|^(?:\+\+|--)$/u;
const HEAD_WORDS = /^(?!\??\. )(?:\S* (?:if|for|while|with)|for await)$/;
const CLOSING: ReadonlyMap<string, string> = new Map([
  ["(", ")"],
  ["[", "]"],
  ["{", "}"],
  ["${", "}"],
]);

/** True for a token that has its counterpart further on; an expression within a template opens with "${". */
export const isOpening = (token: Token | undefined): boolean => token !== undefined && CLOSING.has(token.text);

/** True for the counterpart. */
export const isClosing = (token: Token | undefined): boolean =>
  token !== undefined && (token.text === ")" || token.text === "]" || token.text === "}");

/** The tokens of a program; undefined when its brackets do not match, a sign that it was misread or is none. */
export function tokensOf(program: string): readonly Token[] | undefined {
  const tokens: Token[] = [];
  const open: { readonly text: string; readonly isHead: boolean }[] = [];
  let position = 0;
  let regularMayFollow = true;

  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = position;
    return pattern.exec(program)?.[0];
  };
  const add = (text: string, start = position): void => {
    tokens.push({ text, start, end: start + text.length });
    position = start + text.length;
  };
  /** Behind the "`" that begins a template, or behind the "}" of an expression in it. */
  const readTemplate = (): boolean => {
    const part = match(TEMPLATE);
    if (part === undefined) return false;
    position += part.length;
    if (part.endsWith("{")) {
      add("${", position - 2);
      open.push({ text: "${", isHead: false });
    }
    regularMayFollow = part.endsWith("{");
    return true;
  };

  while (position < program.length) {
    const isSlash = program[position] === "/" && !/[/*]/.test(program[position + 1] ?? "");
    const text: string = (isSlash && regularMayFollow ? match(REGULAR_EXPRESSION) : undefined) ?? match(TOKEN)!; // takes anything
    if (/^(?:\s|\/[/*])/.test(text)) {
      position += text.length;
      continue;
    }
    const previous = tokens.at(-1)?.text ?? "";
    const beforeThat = tokens.at(-2)?.text ?? "";
    add(text);
    regularMayFollow = OPERATOR_WORD.test(text) ? previous !== "." : !VALUE_END.test(text) && !text.startsWith("/");
    if (text === "`" && !readTemplate()) return undefined;
    if (CLOSING.has(text)) open.push({ text, isHead: text === "(" && HEAD_WORDS.test(`${beforeThat} ${previous}`) });
    if (text === ")" || text === "]" || text === "}") {
      const opened = open.pop();
      if (opened === undefined || CLOSING.get(opened.text) !== text) return undefined;
      regularMayFollow = text === "}" || opened.isHead; // a brace more often ends a block than a value
      if (opened.text === "${" && !readTemplate()) return undefined;
    }
  }
  return open.length === 0 ? tokens : undefined;
}
