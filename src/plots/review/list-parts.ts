/** Style sheet of the list of review pages. */
export const LIST_STYLE = `
:root { color-scheme: light dark; --page: #ffffff; --text: #1d2129; --faint: #666d7a; --edge: #d4d8df; --panel: #f5f6f8;
  --reference: #d08a00; --hypothesis: #008a64; --line: #0072b2; }
@media screen and (prefers-color-scheme: dark) { :root { --page: #14171c; --text: #e4e7ec; --faint: #9aa2b0; --edge: #39404c;
  --panel: #1d2128; --reference: #f0b030; --hypothesis: #27c79a; --line: #6cc0f5; } }
body { background: var(--page); color: var(--text); font: 14px/1.45 system-ui, sans-serif; max-width: 1280px;
  margin: 1.5rem auto; padding: 0 1rem; }
h1 { font-size: 20px; margin: 0 0 4px; } h2 { font-size: 15px; }
a { color: var(--line); } .faint { color: var(--faint); font-weight: normal; }
.scroll { overflow-x: auto; background:
  linear-gradient(90deg, var(--page) 40%, transparent) 0 0 / 2.5rem 100% no-repeat local,
  linear-gradient(270deg, var(--page) 40%, transparent) 100% 0 / 2.5rem 100% no-repeat local,
  linear-gradient(90deg, var(--edge), transparent) 0 0 / .8rem 100% no-repeat scroll,
  linear-gradient(270deg, var(--edge), transparent) 100% 0 / .8rem 100% no-repeat scroll; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 10px; text-align: right; border-bottom: 1px solid var(--edge); white-space: nowrap; }
tbody th, thead th:first-child { text-align: left; font-weight: normal; }
thead th { position: sticky; top: 0; background: var(--panel); }
thead button { all: unset; cursor: pointer; font-weight: 600; }
thead button:focus-visible { outline: 2px solid var(--line); }
th[aria-sort=descending] button::after { content: " ▾"; } th[aria-sort=ascending] button::after { content: " ▴"; }
svg { display: block; } polyline { fill: none; stroke: var(--line); stroke-width: 1.2; }
rect.reference { fill: var(--reference); } rect.hypothesis { fill: var(--hypothesis); }
.key { display: inline-block; width: 14px; height: 4px; vertical-align: 3px; }
.key.reference { background: var(--reference); } .key.hypothesis { background: var(--hypothesis); } .key.line { background: var(--line); }
@media (max-width: 700px) { th, td { padding: 4px; } thead th { white-space: normal; vertical-align: bottom; }
  tbody th { white-space: normal; overflow-wrap: anywhere; min-width: 8rem; }
  table { font-size: 12px; } tr > :nth-child(2), tr > :nth-child(7) { display: none; } }
@page { margin: 14mm; }
@media print { :root { color-scheme: light; } body { margin: 0; font-size: 9pt; max-width: none; } .scroll { overflow: visible; background: none; }
  table { font-size: 8pt; } th, td { padding: 2px 5px; } thead { display: table-header-group; } thead th { position: static; white-space: normal; vertical-align: bottom; }
  tr { break-inside: avoid; } svg { width: 130px; height: auto; } a { color: inherit; text-decoration: none; } * { print-color-adjust: exact; } }
`;

/** Sorts the table by the column whose heading is clicked: largest first, names from A; again turns it round. */
export const LIST_SCRIPT = `
const body = document.querySelector("tbody");
for (const button of document.querySelectorAll("button[data-column]")) button.addEventListener("click", () => {
  const column = Number(button.dataset.column), head = button.parentElement;
  const order = head.ariaSort ?? (column === 0 ? "descending" : "ascending");
  const next = order === "descending" ? "ascending" : "descending";
  for (const other of document.querySelectorAll("thead th")) other.removeAttribute("aria-sort");
  head.ariaSort = next;
  const value = (row) => row.children[column].dataset.value;
  const compare = column === 0 ? (a, b) => (value(a) < value(b) ? -1 : 1) : (a, b) => value(a) - value(b);
  const rows = [...body.rows].sort(compare);
  body.append(...(next === "ascending" ? rows : rows.reverse()));
});
`;
