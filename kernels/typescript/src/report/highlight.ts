import { escapeHtml } from "@ictal/base/html";

const TYPESCRIPT_WORDS =
  "abstract any as async await boolean break case catch class const continue default delete do else enum export extends false finally for from function if implements import in instanceof interface let new null number of private readonly return static string super switch this throw true try type typeof undefined unknown var void while with yield";
const PYTHON_WORDS =
  "and as assert async await break class continue def del elif else except False finally for from global if import in is lambda None nonlocal not or pass raise return True try while with yield";

const STRING = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\[\s\S]|[^`\\])*`/.source;
const NUMBER = /\b(?:0x[\da-f]+|\d[\d_]*(?:\.\d+)?(?:e[+-]?\d+)?)\b/.source;
const COMMENTS = { typescript: /\/\/[^\n]*|\/\*[\s\S]*?\*\//.source, python: /#[^\n]*/.source };

function tokenPattern(language: "typescript" | "python"): RegExp {
  const words = (language === "python" ? PYTHON_WORDS : TYPESCRIPT_WORDS).replaceAll(" ", "|");
  const call = /\b[A-Za-z_$][\w$]*(?=\()/.source;
  return new RegExp(`(${COMMENTS[language]})|(${STRING})|(${NUMBER})|\\b(${words})\\b|(${call})`, "gi");
}

const PATTERNS = { typescript: tokenPattern("typescript"), python: tokenPattern("python") };
const CLASSES = ["comment", "string", "number", "word", "call"];

/** Source code as HTML with spans for comments, strings, numbers, keywords and calls. */
export function highlight(source: string, language: "typescript" | "python"): string {
  let html = "";
  let from = 0;
  for (const match of source.matchAll(PATTERNS[language])) {
    const kind = CLASSES[match.slice(1).findIndex((group) => group !== undefined)];
    html += `${escapeHtml(source.slice(from, match.index))}<span class="${kind}">${escapeHtml(match[0])}</span>`;
    from = match.index + match[0].length;
  }
  return html + escapeHtml(source.slice(from));
}
