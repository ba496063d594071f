/** Style sheet of the review page; its colours (Okabe and Ito) are read by the script, in light and dark. */
export const REVIEW_STYLE = `
:root { color-scheme: light dark;
  --page: #ffffff; --text: #1d2129; --faint: #666d7a; --grid: #e3e6eb; --panel: #f5f6f8; --edge: #d4d8df;
  --left: #0072b2; --right: #c04f00; --midline: #4d535e; --heart: #9c4a7a;
  --reference: #d08a00; --hypothesis: #008a64; --line: #0072b2; --mark: #b3261e;
  --other1: #7b3f9e; --other2: #6b6b00; --other3: #00707a; }
@media (prefers-color-scheme: dark) { :root:not(.printing) {
  --page: #14171c; --text: #e4e7ec; --faint: #9aa2b0; --grid: #2a2f38; --panel: #1d2128; --edge: #39404c;
  --left: #6cc0f5; --right: #ff9a5c; --midline: #c3c8d1; --heart: #e6a0c4;
  --reference: #f0b030; --hypothesis: #27c79a; --line: #6cc0f5; --mark: #ff8a80;
  --other1: #d0a0f0; --other2: #d6d060; --other3: #5fd0da; } }
* { box-sizing: border-box; }
html, body { height: 100%; margin: 0; }
body { display: flex; flex-direction: column; background: var(--page); color: var(--text);
  font: 13px/1.4 system-ui, sans-serif; min-height: 520px; }
header, footer { padding: 6px 12px; display: flex; flex-wrap: wrap; gap: 4px 14px; align-items: baseline; }
h1 { font-size: 14px; margin: 0; overflow-wrap: anywhere; }
a { color: var(--left); }
.faint, footer { color: var(--faint); font-size: 12px; }
nav { display: flex; flex-wrap: wrap; gap: 6px 10px; align-items: center; padding: 6px 12px;
  background: var(--panel); border: solid var(--edge); border-width: 1px 0; }
nav span { display: inline-flex; gap: 2px; align-items: center; white-space: nowrap; }
label { display: inline-flex; gap: 4px; align-items: center; color: var(--faint); white-space: nowrap; }
select, button, input { font: inherit; color: var(--text); background: var(--page); border: 1px solid var(--edge);
  border-radius: 4px; padding: 2px 6px; }
button { cursor: pointer; min-width: 28px; }
button:disabled { opacity: 0.4; cursor: default; }
:focus-visible { outline: 2px solid var(--left); outline-offset: 1px; }
canvas { display: block; width: 100%; }
#frame { flex: 1 1 320px; min-height: 280px; height: 0; position: relative; touch-action: pan-y; }
#eeg, #over { position: absolute; inset: 0; height: 100%; }
#over { cursor: crosshair; }
#shown-as { display: none; }
#marks td { padding: 2px 4px 2px 0; } #marks input[type=number] { width: 6.5rem; } #marks p { margin: 4px 0; white-space: normal; }
#strip { height: 64px; }
#overview { height: 112px; cursor: pointer; border-top: 1px solid var(--edge); touch-action: none; }
#said { color: var(--text); }
#said:empty { display: none; }
.key { display: inline-block; width: 12px; height: 12px; vertical-align: -1px; margin-right: 3px; border-radius: 2px; }
.hatched { background-image: repeating-linear-gradient(135deg, transparent 0 2px, var(--page) 2px 4px); }
dialog { color: inherit; background: var(--page); border: 1px solid var(--edge); border-radius: 8px; max-width: 720px; }
dialog::backdrop { background: rgb(0 0 0 / 0.4); }
dialog h2 { font-size: 15px; margin: 0 0 8px; }
dialog h2:focus { outline: none; }
#help table, #keys { display: block; }
#keys { columns: 2 18rem; }
#keys tr { display: flex; break-inside: avoid; }
#keys td:first-child { flex: 0 0 8.5rem; }
td { padding: 2px 10px 2px 0; vertical-align: top; }
kbd { border: 1px solid var(--edge); border-bottom-width: 2px; border-radius: 4px; padding: 0 5px; font: inherit; }
details { position: relative; }
details > div { position: absolute; z-index: 1; right: 0; max-height: 60vh; overflow: auto; background: var(--page);
  border: 1px solid var(--edge); border-radius: 6px; padding: 8px; white-space: nowrap; }
summary { cursor: pointer; }
#rule { height: 10px; width: 378px; border: solid var(--text); border-width: 0 1px 1px; margin: 6px 0; }
@media (max-width: 700px) { html, body { height: auto; } #frame { flex: none; height: 440px; }
  .wide { display: none; } nav { order: 1; } footer { order: 2; }
  details > div { position: fixed; inset: auto 8px 8px; right: 8px; } }
@page { size: landscape; margin: 10mm; }
@media print { html, body { height: auto; min-height: 0; } nav, dialog, #said, #over, header a { display: none; }
  #shown-as { display: inline; } #eeg { position: static; } #frame { flex: none; height: 118mm; } .wide { display: inline; }
  .hatched { background-image: none; outline: 1px dashed var(--text); } .key, canvas { print-color-adjust: exact; } }
`;
