import { escapeHtml } from "@ictal/base/html";
import { plotlyScripts } from "./plotly-script.js";
import { STYLE } from "./style.js";

/** A line of the table of contents. */
export interface ContentsEntry {
  readonly level: number;
  /** HTML. */
  readonly text: string;
  readonly anchor: string;
  readonly failed?: boolean;
}

/** Gives the headings of HTML ids that begin with `prefix`, and adds them to the contents. */
export function anchorHeadings(html: string, prefix: string, contents: ContentsEntry[]): string {
  return html.replace(/<h([1-3])>([\s\S]*?)<\/h\1>/g, (_, level: string, inner: string) => {
    const anchor = `${prefix}-${contents.length + 1}`;
    contents.push({ level: Number(level), text: inner.replace(/<[^>]+>/g, ""), anchor });
    return `<h${level} id="${anchor}">${inner}</h${level}>`;
  });
}

function contentsHtml(contents: readonly ContentsEntry[]): string {
  const items = contents.map(
    ({ level, text, anchor, failed }) =>
      `<li class="level-${level}${failed ? " failed" : ""}"><a href="#${anchor}">${text}</a></li>`,
  );
  return `<nav aria-label="Contents"><p>Contents</p><ol>${items.join("")}</ol></nav>`;
}

/** What a page is made of. */
export interface PageParts {
  readonly title: string;
  /** HTML. */
  readonly main: string;
  readonly contents: readonly ContentsEntry[];
}

/** The frame of all report pages: one file that needs nothing else, with plotly.js in it where there is a figure to draw. */
export async function pageHtml({ title, main, contents }: PageParts): Promise<string> {
  const scripts = main.includes('<div class="figure"') ? await plotlyScripts() : "";
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<link rel="icon" href="data:,"><title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
<body><div class="page">${contentsHtml(contents)}<main>
${main}
</main></div>
${scripts}
</body></html>
`;
}
