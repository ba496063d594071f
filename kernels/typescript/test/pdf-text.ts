/** The text of a PDF that Chromium wrote, page by page; enough of PDF 1.4 for that writer (Skia). */
import { inflateSync } from "node:zlib";

type Objects = ReadonlyMap<number, { readonly dictionary: string; readonly stream: string }>;

function objectsOf(bytes: Buffer): Objects {
  const text = bytes.toString("latin1");
  const objects = new Map<number, { dictionary: string; stream: string }>();
  for (const { index, 1: number } of text.matchAll(/(?:^|\n)(\d+) 0 obj\r?\n?/g)) {
    const rest = text.slice(index, text.indexOf("endobj", index));
    const start = rest.indexOf("stream\n");
    const dictionary = start < 0 ? rest : rest.slice(0, start);
    const raw = Buffer.from(start < 0 ? "" : rest.slice(start + 7, rest.lastIndexOf("endstream")), "latin1");
    const isPacked = raw.length > 0 && dictionary.includes("/FlateDecode") && !dictionary.includes("/Image");
    const stream = (isPacked ? inflateSync(raw) : raw).toString("latin1");
    objects.set(Number(number), { dictionary, stream });
  }
  return objects;
}

const unicode = (hex: string) =>
  String.fromCharCode(...(hex.match(/.{4}/g) ?? []).map((unit) => Number.parseInt(unit, 16)));

/** Glyph to text, from a font's ToUnicode map. */
function glyphsOf(map: string): Map<number, string> {
  const glyphs = new Map<number, string>();
  for (const { 1: block } of map.matchAll(/beginbfchar([\s\S]*?)endbfchar/g))
    for (const { 1: from, 2: to } of (block ?? "").matchAll(/<(\w+)> <(\w+)>/g))
      glyphs.set(Number.parseInt(from!, 16), unicode(to!));
  for (const { 1: block } of map.matchAll(/beginbfrange([\s\S]*?)endbfrange/g))
    for (const { 1: from, 2: end, 3: to } of (block ?? "").matchAll(/<(\w+)> <(\w+)> <(\w+)>/g))
      for (let glyph = Number.parseInt(from!, 16); glyph <= Number.parseInt(end!, 16); glyph++)
        glyphs.set(glyph, String.fromCharCode(Number.parseInt(to!, 16) + glyph - Number.parseInt(from!, 16)));
  return glyphs;
}

function fontsOf(objects: Objects, page: string): Map<string, Map<number, string>> {
  const resources = /\/Resources (\d+) 0 R/.exec(page)?.[1];
  const dictionary = resources ? objects.get(Number(resources))?.dictionary : page;
  const fonts = new Map<string, Map<number, string>>();
  for (const { 1: name, 2: number } of (dictionary ?? "").matchAll(/\/(F\d+) (\d+) 0 R/g)) {
    const map = /\/ToUnicode (\d+) 0 R/.exec(objects.get(Number(number))?.dictionary ?? "")?.[1];
    fonts.set(name!, glyphsOf(objects.get(Number(map))?.stream ?? ""));
  }
  return fonts;
}

/** Words as they are drawn, without the spaces between them. */
function drawnText(content: string, fonts: ReadonlyMap<string, ReadonlyMap<number, string>>): string {
  let glyphs: ReadonlyMap<number, string> = new Map();
  const parts: string[] = [];
  for (const { 1: font, 2: hex } of content.matchAll(/\/(F\d+) [\d.]+ Tf|<([0-9A-Fa-f]+)>/g)) {
    if (font) glyphs = fonts.get(font) ?? new Map();
    else for (const glyph of hex?.match(/.{4}/g) ?? []) parts.push(glyphs.get(Number.parseInt(glyph, 16)) ?? "");
  }
  return parts.join("").normalize("NFKC").replace(/\s+/g, ""); // ligatures as letters
}

/** Text of each page without white space: what is on paper can be looked for, whatever lines it was broken into. */
export function pdfPages(bytes: Buffer): string[] {
  const objects = objectsOf(bytes);
  return [...objects.values()]
    .filter(({ dictionary }) => /\/Type \/Page\b(?!s)/.test(dictionary))
    .map(({ dictionary }) => {
      const content = /\/Contents (\d+) 0 R/.exec(dictionary)?.[1];
      return drawnText(objects.get(Number(content))?.stream ?? "", fontsOf(objects, dictionary));
    });
}
