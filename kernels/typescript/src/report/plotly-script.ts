import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { FIGURE_MIME, plotlyLibrary } from "../figure-html.js";
import { INFLATE_SCRIPT } from "./inflate.js";

const compress = promisify(gzip);
let packed: Promise<string> | undefined;

async function pack(): Promise<string> {
  const { path } = plotlyLibrary();
  return (await compress(await readFile(path), { level: 9 })).toString("base64");
}

const GZIP_HEADER_BYTES = 10; // as Node writes it: without a name or other fields
const GZIP_TRAILER_BYTES = 8; // check sum and size

/** CSS pixels between the margins of an upright page; A4 is the narrower of the usual papers. */
const PAPER_PIXELS = 680;

/** What one page of any usual paper holds below a heading; higher figures are drawn less high. */
const PAPER_HEIGHT_PIXELS = 860;

const LOAD = `
function loadPlotly(){
  if(window.Plotly)return window.Plotly;
  var text=atob(document.getElementById("plotly-gzip").textContent),bytes=new Uint8Array(text.length),i;
  for(i=0;i<text.length;i++)bytes[i]=text.charCodeAt(i);
  var end=bytes.length-${GZIP_TRAILER_BYTES},size=new DataView(bytes.buffer).getUint32(end+4,true);
  var script=document.createElement("script");
  script.textContent=new TextDecoder().decode(inflate(bytes.subarray(${GZIP_HEADER_BYTES},end),size));
  document.head.appendChild(script);
  return window.Plotly}`;

const LAYOUT = `
function taller(layout,height){
  var legend=layout.legend||{},y=legend.yref==="container"?{y:1-(1-legend.y)*layout.height/height}:{};
  return Object.assign({},layout,{height:height,legend:Object.assign({},legend,y)})}
function oneColumn(layout){
  var grid=layout.grid,margin=Object.assign({t:100,b:80},layout.margin);
  if(!grid||!(grid.columns>1)||grid.pattern!=="independent"||!layout.height)return layout;
  var rows=grid.rows*grid.columns,added=(rows-grid.rows)*(layout.height-margin.t-margin.b)/grid.rows;
  return Object.assign(taller(layout,layout.height+added),{grid:Object.assign({},grid,{rows:rows,columns:1,ygap:Math.max(grid.ygap||0,.28)})})}
function legendRoom(box,layout){
  var legend=box.querySelector(".legend"),more=legend?Math.round(legend.getBoundingClientRect().height)-30:0;
  if(!layout.height||more<10)return;
  var next=taller(layout,layout.height+more);box.style.height=next.height+"px";
  return Plotly.relayout(box,{height:next.height,legend:next.legend})}`;

const DRAW = `
var boxes=[].slice.call(document.querySelectorAll(".figure")).filter(function(box){return box.querySelector('script[type="${FIGURE_MIME}"]')}),drawn=new Map(),figures=new Map();
function figureOf(box){
  if(!figures.has(box))figures.set(box,JSON.parse(box.querySelector('script[type="${FIGURE_MIME}"]').textContent));
  return figures.get(box)}
function showText(box,text){var p=document.createElement("p");p.textContent=text;box.appendChild(p)}
function placeOf(box){
  var layout=figureOf(box).layout||{},narrow=box.clientWidth<600;
  return{narrow:narrow,layout:narrow?oneColumn(layout):layout}}
function keepRoom(box){var height=placeOf(box).layout.height;if(height)box.style.height=height+"px"}
function paperLayout(layout){
  var high=layout.height>${PAPER_HEIGHT_PIXELS}?taller(layout,${PAPER_HEIGHT_PIXELS}):layout;
  return Object.assign({},high,{width:${PAPER_PIXELS},autosize:false})}
function plot(box,onPaper){
  var place=onPaper?{layout:paperLayout(figureOf(box).layout||{})}:placeOf(box),layout=place.layout;
  var config=Object.assign({responsive:!onPaper,displaylogo:false},place.narrow?{displayModeBar:false}:{},figureOf(box).config,onPaper?{responsive:false}:{});
  if(layout.height)box.style.height=layout.height+"px";
  drawn.set(box,place);
  return loadPlotly().newPlot(box,figureOf(box).data,Object.assign({},layout),config).then(function(){if(place.narrow)return legendRoom(box,layout)})}
function draw(box,onPaper){
  try{return plot(box,onPaper).catch(function(error){showText(box,"This figure could not be drawn: "+error)})}
  catch(error){drawn.set(box,{});showText(box,"This figure could not be drawn: "+error)}}`;

const PAPER = `
function toPaper(){boxes.forEach(function(box){
  var place=drawn.get(box);
  if(!place||place.narrow)return draw(box,true);
  if(!place.layout)return;
  var next=paperLayout(box.layout);box.style.height=next.height?next.height+"px":"";
  Plotly.relayout(box,Object.assign({width:next.width,autosize:false},next.height?{height:next.height,legend:next.legend}:{}))})}
function fromPaper(){boxes.forEach(function(box){draw(box)})}
addEventListener("beforeprint",toPaper);addEventListener("afterprint",fromPaper);`;

const START = `
boxes.forEach(function(box){try{keepRoom(box)}catch(error){}});
boxes.forEach(function(box){if(box.getBoundingClientRect().top<innerHeight)draw(box)});
var later=window.requestIdleCallback||function(work){setTimeout(work,50)};
function drawNext(){
  var next=boxes.find(function(box){return!drawn.has(box)});
  if(next){draw(next);later(drawNext)}}
if(typeof IntersectionObserver!=="undefined"){
  var seen=new IntersectionObserver(function(entries){entries.forEach(function(entry){
    if(entry.isIntersecting){seen.unobserve(entry.target);if(!drawn.has(entry.target))draw(entry.target)}})},{rootMargin:"800px"});
  boxes.forEach(function(box){seen.observe(box)})}
addEventListener("load",function(){later(drawNext)});`;

/**
 * Script elements that hold plotly.js once for the whole page, gzipped (2.6 MB of text in place of 10 MB), and draw its figures:
 * those in view before the page counts as loaded, the others while the browser is idle or when they come near the view, and what is
 * left at once before the page is printed, all as wide as the paper. So a page that is printed or captured as soon as it is open
 * has its figures. On a phone panels that stand side by side come one below the other, without a tool bar, and a legend of many
 * lines gets room of its own.
 */
export async function plotlyScripts(): Promise<string> {
  packed ??= pack();
  return `<script type="application/octet-stream" id="plotly-gzip">${await packed}</script>
<script>(function(){
${[INFLATE_SCRIPT, LOAD, LAYOUT, DRAW, PAPER, START].join("")}
})()</script>`;
}
