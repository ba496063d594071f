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
 * each figure when it comes near the view. On a phone panels that stand side by side come one below the other, without a
 * tool bar, and a legend of many lines gets room of its own. Every browser since 2023 can unpack it (DecompressionStream).
 */
export async function plotlyScripts(): Promise<string> {
  packed ??= pack();
  return `<script type="application/octet-stream" id="plotly-gzip">${await packed}</script>
<script>(function(){
var figures=[].slice.call(document.querySelectorAll(".figure")),library;
function showText(box,text){var p=document.createElement("p");p.textContent=text;box.appendChild(p)}
function load(){return library||(library=(async function(){
  var text=atob(document.getElementById("plotly-gzip").textContent),bytes=new Uint8Array(text.length);
  for(var i=0;i<text.length;i++)bytes[i]=text.charCodeAt(i);
  var stream=new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  var script=document.createElement("script");script.textContent=await new Response(stream).text();document.head.appendChild(script);
  return window.Plotly})())}
function taller(layout,height){
  var legend=layout.legend||{},y=legend.yref==="container"?{y:1-(1-legend.y)*layout.height/height}:{};
  return Object.assign({},layout,{height:height,legend:Object.assign({},legend,y)})}
function oneColumn(layout){
  var grid=layout.grid,margin=Object.assign({t:100,b:80},layout.margin);
  if(!grid||!(grid.columns>1)||grid.pattern!=="independent"||!layout.height)return layout;
  var rows=grid.rows*grid.columns,added=(rows-grid.rows)*(layout.height-margin.t-margin.b)/grid.rows;
  return Object.assign(taller(layout,layout.height+added),{grid:Object.assign({},grid,{rows:rows,columns:1,ygap:Math.max(grid.ygap||0,.28)})})}
function legendRoom(Plotly,box,layout){
  var legend=box.querySelector(".legend"),more=legend?Math.round(legend.getBoundingClientRect().height)-30:0;
  if(!layout.height||more<10)return;
  var next=taller(layout,layout.height+more);box.style.height=next.height+"px";
  return Plotly.relayout(box,{height:next.height,legend:next.legend})}
function draw(box){load().then(function(Plotly){
  var figure=JSON.parse(box.querySelector('script[type="${FIGURE_MIME}"]').textContent);
  var narrow=box.clientWidth<600,layout=narrow?oneColumn(figure.layout||{}):figure.layout||{};
  if(layout.height)box.style.height=layout.height+"px";
  return Plotly.newPlot(box,figure.data,layout,Object.assign({responsive:true,displaylogo:false},narrow?{displayModeBar:false}:{},figure.config)).then(function(){if(narrow)return legendRoom(Plotly,box,layout)})
}).catch(function(error){showText(box,"This figure could not be drawn: "+error)})}
if(typeof DecompressionStream==="undefined")figures.forEach(function(box){showText(box,"This browser is too old to show figures; one of 2023 or later can.")});
else if(typeof IntersectionObserver==="undefined")figures.forEach(draw);
else{var seen=new IntersectionObserver(function(entries){entries.forEach(function(e){if(e.isIntersecting){seen.unobserve(e.target);draw(e.target)}})},{rootMargin:"800px"});figures.forEach(function(box){seen.observe(box)});
window.addEventListener("beforeprint",function(){figures.forEach(function(box){seen.unobserve(box);if(!box.querySelector(".plot-container"))draw(box)})})}
})()</script>`;
}
