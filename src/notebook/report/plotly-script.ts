import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { FIGURE_MIME, plotlyLibrary } from "../figure-html.js";

const compress = promisify(gzip);
let packed: Promise<string> | undefined;

async function pack(): Promise<string> {
  const { path } = plotlyLibrary();
  return (await compress(await readFile(path), { level: 9 })).toString("base64");
}

/**
 * Script elements that hold plotly.js once for the whole page, gzipped (2.6 MB of text in place of 10 MB), and draw
 * each figure when it comes near the view. Every browser since 2023 can unpack it (DecompressionStream).
 */
export async function plotlyScripts(): Promise<string> {
  packed ??= pack();
  return `<script type="application/octet-stream" id="plotly-gzip">${await packed}</script>
<script>(function(){
var figures=[].slice.call(document.querySelectorAll(".figure")),library;
function say(box,text){var p=document.createElement("p");p.textContent=text;box.appendChild(p)}
function load(){return library||(library=(async function(){
  var text=atob(document.getElementById("plotly-gzip").textContent),bytes=new Uint8Array(text.length);
  for(var i=0;i<text.length;i++)bytes[i]=text.charCodeAt(i);
  var stream=new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  var script=document.createElement("script");script.textContent=await new Response(stream).text();document.head.appendChild(script);
  return window.Plotly})())}
function draw(box){load().then(function(Plotly){
  var figure=JSON.parse(box.querySelector('script[type="${FIGURE_MIME}"]').textContent);
  return Plotly.newPlot(box,figure.data,figure.layout||{},Object.assign({responsive:true,displaylogo:false},figure.config))
}).catch(function(error){say(box,"This figure could not be drawn: "+error)})}
if(typeof DecompressionStream==="undefined")figures.forEach(function(box){say(box,"This browser is too old to show figures; one of 2023 or later can.")});
else if(typeof IntersectionObserver==="undefined")figures.forEach(draw);
else{var seen=new IntersectionObserver(function(entries){entries.forEach(function(e){if(e.isIntersecting){seen.unobserve(e.target);draw(e.target)}})},{rootMargin:"800px"});figures.forEach(function(box){seen.observe(box)});
window.addEventListener("beforeprint",function(){figures.forEach(function(box){seen.unobserve(box);if(!box.querySelector(".plot-container"))draw(box)})})}
})()</script>`;
}
