import assert from "node:assert/strict";
import { test } from "node:test";
import { formatExactJson, formatJson, parseExactJson, plainValue } from "../src/wire/exact-json.js";
import { decodeMessage, encodeMessage } from "../src/wire/framing.js";
import { createMessage } from "../src/wire/message.js";

const PLOTLY = "application/vnd.plotly.v1+json";

test("parseExactJson reads what Python writes: NaN, infinities and integers beyond 2^53; texts stay texts", () => {
  const text = String.raw`{"a": [NaN, -Infinity, 1e400], "big": -12345678901234567890, "safe": 9007199254740991,
    "text": "NaN 12345678901234567890 \" Infinity", "half": 0.12345678901234567890}`;
  assert.deepEqual(parseExactJson(text), {
    a: [Number.NaN, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
    big: -12345678901234567890n,
    safe: 9007199254740991,
    text: 'NaN 12345678901234567890 " Infinity',
    half: 0.12345678901234568,
  });
  assert.ok(Object.is(parseExactJson("-0"), -0));
  for (const broken of ["{NaN: 1}", "[1,]", "", "[12345678901234567890"])
    assert.throws(() => parseExactJson(broken), SyntaxError, broken);
});

test("formatExactJson(parseExactJson(text)) keeps every digit, and names what JSON has no number for", () => {
  const text = '{"a":[12345678901234567890,"x",-0.0,1.5],"b":null}';
  assert.equal(formatExactJson(parseExactJson(text)), text);
  assert.equal(formatExactJson([Number.NaN, Number.POSITIVE_INFINITY, -Infinity]), '["NaN","Infinity","-Infinity"]');
  assert.equal(formatExactJson({ a: 1 }, { indent: 1 }), JSON.stringify({ a: 1 }, null, 1));
  assert.equal(formatJson({ a: 1n, b: Number.NaN }), '{"a":1,"b":"NaN"}');
  assert.deepEqual(plainValue({ a: 1n, b: [Number.NaN], c: null }), { a: "1", b: ["NaN"], c: null });
});

test("in the data of a figure no number is a gap, as plotting libraries have it", () => {
  const figure = { [PLOTLY]: { data: [{ y: [1, Number.NaN, 12345678901234567890n] }] } };
  assert.equal(formatExactJson(figure), `{"${PLOTLY}":{"data":[{"y":[1,null,12345678901234567000]}]}}`);
  assert.deepEqual(parseExactJson(`{"${PLOTLY}":{"y":[NaN]}}`), { [PLOTLY]: { y: [null] } });
});

test("a message whose content holds NaN and a long integer arrives, its numbers as they were", () => {
  const content = { data: { "application/json": { rate: Number.NaN, id: 12345678901234567890n } }, metadata: {} };
  const message = createMessage("display_data", content, { session: "s" });
  const frames = encodeMessage({ ...message, content: Buffer.from('{"rate":NaN,"id":12345678901234567890}') }, "key");
  assert.deepEqual(decodeMessage(frames, "key").content, { rate: Number.NaN, id: 12345678901234567890n });
  assert.deepEqual(decodeMessage(encodeMessage(message, "key"), "key").content.data, {
    "application/json": { rate: "NaN", id: 12345678901234567890n },
  });
});
