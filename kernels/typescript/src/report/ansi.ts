import { escapeHtml } from "@ictal/base/html";

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what starts an ANSI sequence
const SEQUENCE = /\u001b\[([0-9;?]*)([A-Za-z])/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what starts an ANSI sequence
const OTHER = /\u001b(?:\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\^_])/g;

interface Style {
  foreground?: string | undefined;
  background?: string | undefined;
  bold?: boolean;
  dim?: boolean;
  italic?: boolean;
  underline?: boolean;
}

/** Colour n of the 256-colour table: 16 named ones are left to the style sheet, then a 6x6x6 cube and 24 greys. */
function colour256(index: number): string {
  if (index < 16) return `var(--ansi-${index})`;
  if (index >= 232) {
    const level = 8 + 10 * (index - 232);
    return `rgb(${level},${level},${level})`;
  }
  const level = (step: number) => (step === 0 ? 0 : 55 + 40 * step);
  const cube = index - 16;
  return `rgb(${level(Math.floor(cube / 36))},${level(Math.floor(cube / 6) % 6)},${level(cube % 6)})`;
}

/** Reads a 38 or 48 colour from `codes` at `i`; returns the colour and how many codes it took. */
function extendedColour(codes: readonly number[], i: number): [string | undefined, number] {
  if (codes[i + 1] === 5) return [colour256(codes[i + 2] ?? 0), 2];
  if (codes[i + 1] === 2) return [`rgb(${codes[i + 2] ?? 0},${codes[i + 3] ?? 0},${codes[i + 4] ?? 0})`, 4];
  return [undefined, 1];
}

/** What a code sets; undefined takes it away. */
const SWITCHES: Readonly<Record<number, Partial<Style>>> = {
  1: { bold: true },
  2: { dim: true },
  3: { italic: true },
  4: { underline: true },
  22: { bold: false, dim: false },
  23: { italic: false },
  24: { underline: false },
  39: { foreground: undefined },
  49: { background: undefined },
};

/** The first code of each run of eight colours, what it colours, and the number of its first colour. */
const COLOUR_RUNS = [
  [30, "foreground", 0],
  [90, "foreground", 8],
  [40, "background", 0],
  [100, "background", 8],
] as const;

function runColour(code: number): Partial<Style> {
  const run = COLOUR_RUNS.find(([first]) => code >= first && code < first + 8);
  return run ? { [run[1]]: colour256(code - run[0] + run[2]) } : {};
}

function applyCodes(style: Style, codes: readonly number[]): Style {
  let next = { ...style };
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0;
    if (code === 38 || code === 48) {
      const [colour, taken] = extendedColour(codes, i);
      if (colour) next[code === 38 ? "foreground" : "background"] = colour;
      i += taken;
    } else next = code === 0 ? {} : { ...next, ...(SWITCHES[code] ?? runColour(code)) };
  }
  return next;
}

function cssOf(style: Style): string {
  const rules = [
    style.foreground && `color:${style.foreground}`,
    style.background && `background:${style.background}`,
    style.bold && "font-weight:700",
    style.dim && "opacity:.65",
    style.italic && "font-style:italic",
    style.underline && "text-decoration:underline",
  ];
  return rules.filter(Boolean).join(";");
}

/** Terminal text as HTML: colours and weights become spans, other control sequences vanish. */
export function ansiToHtml(text: string): string {
  const clean = text.replace(OTHER, "");
  let style: Style = {};
  let html = "";
  let from = 0;
  const emit = (piece: string) => {
    if (piece === "") return;
    const css = cssOf(style);
    html += css ? `<span style="${css}">${escapeHtml(piece)}</span>` : escapeHtml(piece);
  };
  for (const match of clean.matchAll(SEQUENCE)) {
    emit(clean.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[2] === "m") style = applyCodes(style, (match[1] || "0").split(";").map(Number));
  }
  emit(clean.slice(from));
  return html;
}
