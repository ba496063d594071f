/** Traces that are dim on dark paper, by the colour that plotly writes, and what takes its place there. */
const BRIGHTER_IN_THE_DARK = {
  "rgb(0, 114, 178)": "#3a9be3",
  "rgb(31, 119, 180)": "#4f9fd8",
  "rgb(213, 94, 0)": "#ec7a22",
};

const brighter = Object.entries(BRIGHTER_IN_THE_DARK).map(
  ([dim, bright]) =>
    `.figure [style*="stroke: ${dim}"]{stroke:${bright}!important}.figure [style*="fill: ${dim}"]{fill:${bright}!important}`,
);

/** The edges of a table that goes on sideways are shaded. */
const SIDEWAYS = `background:linear-gradient(90deg,var(--paper) 40%,transparent) 0 0/2.5rem 100% no-repeat local,linear-gradient(270deg,var(--paper) 40%,transparent) 100% 0/2.5rem 100% no-repeat local,linear-gradient(90deg,var(--line),transparent) 0 0/.9rem 100% no-repeat scroll,linear-gradient(270deg,var(--line),transparent) 100% 0/.9rem 100% no-repeat scroll`;

const PRINT = `@page{margin:14mm}:root{color-scheme:light}
nav{display:none}.page{display:block;padding:0;max-width:none}body{font-size:10.5pt}
h1,h2,h3,h4,.bar,caption,summary{break-after:avoid}h1,h2,h3{margin-top:1.2rem}
.figure,.outputs img,.key-figures,table,tr{break-inside:avoid}.figure{border-color:transparent}
.key-figures{grid-template-columns:repeat(auto-fit,minmax(7rem,1fr))}.cell{border:0;padding:0}.modebar,details.code,details.configuration{display:none}
pre{max-height:none;white-space:pre-wrap;overflow-wrap:break-word;font-size:8pt}
.rich,.prose{overflow:visible}
table,.receipt table{display:table;background:none;overflow:visible;font-size:8.5pt}thead{display:table-header-group}th,td{padding:.2rem .45rem;white-space:normal}
details.receipt::details-content{content-visibility:visible;block-size:auto}details.receipt>summary::before{content:""}
.banner,.key-figures>div{print-color-adjust:exact}a{color:inherit;text-decoration:none}`;

/** Style sheet of report pages: system fonts, light and dark by the reader's setting, one column on a phone, whole on paper. */
export const STYLE = `
:root{color-scheme:light dark;--paper:#fff;--raised:#f6f7f9;--ink:#1b1f24;--soft:#5b6470;--line:#e1e5ea;--accent:#2457c5;--bad:#b42318;--bad-paper:#fef3f2;--warn-paper:#fffaeb;
--comment:#6a737d;--string:#0a6c4a;--number:#a13d00;--word:#7a3bb8;--call:#2457c5;
--ansi-0:#1b1f24;--ansi-1:#b42318;--ansi-2:#0a6c4a;--ansi-3:#8a5a00;--ansi-4:#2457c5;--ansi-5:#7a3bb8;--ansi-6:#0b6b7b;--ansi-7:#8a939e;
--ansi-8:#5b6470;--ansi-9:#d92d20;--ansi-10:#12805c;--ansi-11:#b07400;--ansi-12:#3b6fe0;--ansi-13:#9356d1;--ansi-14:#128499;--ansi-15:#c5ccd4}
@media screen and (prefers-color-scheme:dark){:root{--paper:#14171b;--raised:#1d2127;--ink:#e6e9ed;--soft:#9aa4b0;--line:#2e353d;--accent:#84a9ff;--bad:#ff9c92;--bad-paper:#3a1b19;--warn-paper:#322a14;
--comment:#8b949e;--string:#7ddbb0;--number:#ffb27a;--word:#d2a8ff;--call:#84a9ff;
--ansi-0:#8b949e;--ansi-1:#ff9c92;--ansi-2:#7ddbb0;--ansi-3:#e8c46a;--ansi-4:#84a9ff;--ansi-5:#d2a8ff;--ansi-6:#76d3e3;--ansi-7:#c5ccd4;
--ansi-8:#9aa4b0;--ansi-9:#ffb4ab;--ansi-10:#98e8c4;--ansi-11:#f4d68b;--ansi-12:#a9c4ff;--ansi-13:#e0c3ff;--ansi-14:#9be3ef;--ansi-15:#fff}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
.page{display:grid;grid-template-columns:15rem minmax(0,56rem);gap:3rem;max-width:76rem;margin:0 auto;padding:2.5rem 1.5rem 6rem}
nav{position:sticky;top:2rem;align-self:start;max-height:calc(100vh - 4rem);overflow:auto;font-size:.875rem;line-height:1.4}
nav p{margin:0 0 .5rem;color:var(--soft);font-weight:600}
nav ol{list-style:none;margin:0;padding:0}nav li{margin:.3rem 0}nav .level-2{padding-left:.8rem}nav .level-3{padding-left:1.6rem}
nav a{color:var(--soft);text-decoration:none}nav a:hover{color:var(--accent)}nav .failed a{color:var(--bad);font-weight:600}
h1,h2,h3,h4{line-height:1.25;letter-spacing:-.012em;margin:2.4rem 0 .8rem;scroll-margin-top:1rem}h1{font-size:2rem}h2{font-size:1.45rem}h3{font-size:1.15rem}
header h1{margin-top:0;overflow-wrap:anywhere}
.meta{color:var(--soft);font-size:.9rem;margin:.25rem 0 1.5rem}
a{color:var(--accent)}
.banner{background:var(--bad-paper);color:var(--bad);border:1px solid currentColor;border-radius:.6rem;padding:.8rem 1rem;margin:1rem 0;overflow-wrap:anywhere}.banner a{color:inherit}
pre,code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;font-size:.85rem}
pre{margin:.5rem 0;padding:.75rem 1rem;border-radius:.5rem;background:var(--raised);overflow:auto;line-height:1.5;max-height:32rem}
:not(pre)>code{background:var(--raised);padding:.1em .3em;border-radius:.25rem}
pre.stderr{background:var(--warn-paper)}pre.error{background:var(--bad-paper);color:var(--bad);white-space:pre-wrap;overflow-wrap:anywhere}
.cell{margin:1.1rem 0;border-left:3px solid var(--line);padding-left:1rem;scroll-margin-top:1rem}.cell.failed{border-color:var(--bad)}
.cell>.bar{display:flex;flex-wrap:wrap;gap:.2rem .8rem;justify-content:space-between;color:var(--soft);font-size:.8rem}
details>summary{cursor:pointer;color:var(--soft);font-size:.8rem;list-style:none;user-select:none}
summary::-webkit-details-marker{display:none}summary::before{content:"▸";display:inline-block;width:1.1em}details[open]>summary::before{content:"▾"}
summary:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:.25rem}
.comment{color:var(--comment);font-style:italic}.string{color:var(--string)}.number{color:var(--number)}.word{color:var(--word)}.call{color:var(--call)}
.key-figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(8rem,1fr));gap:.6rem;margin:1.2rem 0}
.key-figures>div{background:var(--raised);border-radius:.6rem;padding:.7rem .9rem}
.key-figures dt{color:var(--soft);font-size:.8rem;line-height:1.3}.key-figures dd{margin:.15rem 0 0;font-size:1.45rem;font-weight:650;line-height:1.25;font-variant-numeric:tabular-nums}
.key-figures dd+dd{color:var(--soft);font-size:.8rem;font-weight:400}
.outputs{margin-top:.4rem}.outputs img{max-width:100%;height:auto;background:#fff;border-radius:.4rem}
.rich,.prose{overflow-x:auto}
.figure{box-sizing:content-box;min-height:18rem;border:1px solid var(--line);border-radius:.5rem;margin:.5rem 0}
.figure p{padding:1rem;margin:0;color:var(--soft)}
.figure .gtitle,.figure .legendtext,.figure .annotation-text{fill:var(--ink)!important}
.figure .gtitle-subtitle,.figure .xaxislayer-above text,.figure .yaxislayer-above text,.figure .infolayer [class*="title"]:not(.gtitle){fill:var(--soft)!important}
table{border-collapse:collapse;font-size:.9rem;margin:.5rem 0 1rem;display:block;width:fit-content;overflow-x:auto;max-width:100%;${SIDEWAYS}}
caption{display:table-caption;text-align:left;color:var(--soft);font-size:.85rem;padding-bottom:.3rem}
th,td{padding:.35rem .8rem;text-align:left;border-bottom:1px solid var(--line);font-variant-numeric:tabular-nums;vertical-align:top}
th{color:var(--soft);font-weight:600}tbody th{font-weight:400;color:var(--ink);min-width:5.5rem}.count,thead .count{text-align:right;white-space:nowrap}thead th{vertical-align:bottom}
.receipt table,.configuration table{display:table;background:none}.receipt td,.receipt th{overflow-wrap:break-word}.receipt td:last-child{overflow-wrap:anywhere}.receipt tbody th,.receipt td:first-child:not(:last-child){color:var(--soft);white-space:nowrap}
details.receipt{margin:2.4rem 0 1rem}details.receipt>summary,details.configuration>summary{font-size:1.15rem;font-weight:600;color:var(--ink)}
.note{color:var(--soft);font-size:.9rem}
@media (max-width:62rem){.page{display:block;padding:1.5rem 1rem 4rem}nav{position:static;max-height:none;margin-bottom:2rem;border-bottom:1px solid var(--line);padding-bottom:1rem}}
@media (max-width:40rem){.receipt tr,.receipt td,.receipt tbody th{display:block;white-space:normal;border:0;padding:0}.receipt tr{padding:.4rem 0;border-bottom:1px solid var(--line)}}
@media screen and (prefers-color-scheme:dark){${brighter.join("")}}
@media print{${PRINT}}
`;
