import assert from "node:assert/strict";
import { test } from "node:test";
import { Dealer, Router } from "zeromq";
import { createSender, receiveMessages, UNLIMITED } from "../src/wire/channel.js";
import { decodeInPieces, encodeMessage } from "../src/wire/framing.js";
import { createMessage, type Message } from "../src/wire/message.js";
import { streamPieces } from "../src/wire/stream-pieces.js";

const MEGABYTE = 1 << 20;
const whole = (frame: Uint8Array) => JSON.parse(new TextDecoder().decode(frame)) as Record<string, unknown>;

/** The text of all pieces; undefined when the frame is to be parsed as it is. */
function joined(frame: Uint8Array): unknown {
  const pieces = streamPieces(frame);
  return pieces && [...pieces].map(({ text }) => text).join("");
}

/** A stream message whose content is this JSON text. */
function message(content: Uint8Array, type: "stream" | "display_data" = "stream"): Message<unknown> {
  return { ...createMessage(type, { data: {}, metadata: {}, name: "stdout", text: "" }, { session: "s" }), content };
}

/** Whole numbers below a bound, always the same ones: the "minimal standard" generator of Park and Miller, 1988. */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

/** Pieces of JSON text of every kind that a cut could spoil. */
const PARTS = [
  ...["a", "é", "中", "\u{1f600}", "\ufeff", " ", "\u2028", "u", "ud83d", '\\"', "\\\\", "\\n", "\\r", "\\/"],
  ...["\\u4e2d", "\\ud83d\\ude00", "\\ud83d", "\\ude00", "\\uD83D\\uDE00", "\\u005c", "\\\\ud83d", "\\u0000"],
].map((part) => Buffer.from(part));
const STRAY = [[0xff], [0xed, 0xa0, 0x80], [0xf0, 0x9f], [0x80, 0x80, 0x80, 0x80]].map((part) => Buffer.from(part));

test("pieces of any JSON text join to what it says as a whole, and none ends between two halves of a pair", () => {
  const next = numbersFrom(7);
  for (const parts of [PARTS, [...PARTS, ...STRAY], ...[...PARTS, ...STRAY].map((part) => [part, part])]) {
    const text: Buffer[] = [Buffer.from("x".repeat(next(8)))];
    for (let size = 0; size < 1.2 * MEGABYTE; size += text.at(-1)!.byteLength) text.push(parts[next(parts.length)]!);
    const frame = Buffer.concat([Buffer.from('{"name": "stdout", "text": "'), ...text, Buffer.from('"}')]);
    const pieces = [...streamPieces(frame)!].map((content) => content.text as string);
    assert.ok(pieces.length > 15, `${pieces.length} pieces`);
    assert.ok(pieces.join("") === whole(frame).text, `parts ${parts.map(String)}`);
    for (const [i, piece] of pieces.entries())
      assert.ok(!/[\ud800-\udbff]$/.test(piece) || !/^[\udc00-\udfff]/.test(pieces[i + 1] ?? ""), "a pair is cut");
  }
});

test("the text may stand first or last among flat fields, which come with each piece", () => {
  const text = JSON.stringify(`${"y".repeat(MEGABYTE)}"}`);
  for (const json of [
    `{"name":"stdout","text":${text}}`,
    `{"text":${text},"name":"stdout"}`,
    ` {\n "name" : "stdout" , "n" : -1.5e3 , "text" : ${text} , "note" : "é中" , "last" : null }\n`,
    `{"text":"hidden by the second one","name":"stdout","text":${text}}`,
  ]) {
    const frame = Buffer.from(json);
    const { text: all, ...fields } = whole(frame);
    const pieces = [...streamPieces(frame)!];
    assert.equal(pieces.map((piece) => piece.text).join(""), all);
    for (const { text: _, ...rest } of pieces) assert.deepEqual(rest, fields);
  }
});

test("small contents, other shapes and broken JSON are not taken apart", () => {
  const y = "y".repeat(MEGABYTE);
  for (const json of [
    '{"name":"stdout","text":"small"}',
    `{"name":"stdout","text":"a","other":"${y}"}`,
    `{"text":"${y}","name":"stdout","text":"b"}`,
    `{"text":"${y}","name":"stdout","\\u0074ext":"b"}`,
    `{"name":"stdout","\\u0074ext":"${y}"}`,
    `{"name":{"text":"${y}"},"text":"b"}`,
    `{"name":["stdout"],"text":"${y}"}`,
    `["text","${y}"]`,
    `\ufeff{"name":"stdout","text":"${y}"}`,
    `{"name":"stdout","text":"${y}\\x"}`,
    `{"name":"stdout","text":"${y}\n"}`,
    `{"name":"stdout","text":"${y}\\"}`,
    `{"name":"stdout","text":"${y}"} "}`,
    `{"name":stdout,"text":"${y}"}`,
  ])
    assert.equal(joined(Buffer.from(json)), undefined, `${json.slice(0, 40)}…${json.slice(-20)}`);
});

test("decodeInPieces gives one message for all but large streams, and refuses the whole of a wrong one", () => {
  const y = "y".repeat(3 * MEGABYTE);
  const content = Buffer.from(JSON.stringify({ name: "stderr", text: y }));
  const decode = (sent: Message<unknown>) => [...decodeInPieces(encodeMessage(sent, "key"), "key")];
  const sent = message(content);
  const pieces = decode(sent);
  assert.ok(pieces.length > 40);
  assert.equal(pieces.map((piece) => piece.content.text).join(""), y);
  for (const { header, content: part } of pieces) {
    assert.deepEqual(header, sent.header);
    assert.equal(part.name, "stderr");
  }
  assert.equal(decode(message(content, "display_data")).length, 1);
  const nested = Buffer.from(`{"name":["a"],"text":"${y}"}`);
  assert.deepEqual(
    decode(message(nested)).map((one) => one.content),
    [{ name: ["a"], text: y }],
  );
  const frames = encodeMessage(sent, "key");
  const changed = frames.map((frame, i) =>
    i === frames.length - 1 ? Buffer.from(frame).fill("z", 2e6, 2e6 + 1) : frame,
  );
  assert.throws(() => decodeInPieces(changed, "key"), /signature does not match/);
  const broken = encodeMessage(message(Buffer.from(`{"name":"stdout","text":"${y}\\x"}`)), "key");
  assert.throws(() => decodeInPieces(broken, "key"), /content is not JSON/);
});

test("a receiver with a pace gets a large stream in pieces, each after the pace; one without gets it whole", async () => {
  const router = new Router({ ...UNLIMITED, linger: 0 });
  const plain = new Router({ ...UNLIMITED, linger: 0 });
  const dealers = await Promise.all(
    [router, plain].map(async (socket) => {
      await socket.bind("tcp://127.0.0.1:*");
      const dealer = new Dealer({ ...UNLIMITED, linger: 0 });
      dealer.connect(socket.lastEndpoint!);
      return dealer;
    }),
  );
  const y = "y".repeat(2 * MEGABYTE);
  const got: string[] = [];
  let open = true;
  const paced = new Promise<void>((resolve) => {
    const take = ({ content }: Message) => {
      assert.ok(open, "a message came before the pace");
      open = false;
      if (content.text === "end") resolve();
      else got.push(content.text as string);
    };
    const pace = async () => {
      await new Promise((done) => setTimeout(done, 1));
      open = true;
    };
    void receiveMessages(router, "key", take, assert.fail, pace);
  });
  const unpaced = new Promise<Message>((resolve) => void receiveMessages(plain, "key", resolve, assert.fail));
  for (const dealer of dealers) {
    const sender = createSender(dealer, "key");
    for (const text of [y, "end"])
      void sender.send(createMessage("stream", { name: "stdout", text }, { session: "s" }));
  }
  await paced;
  assert.ok(got.length > 30);
  assert.ok(got.join("") === y);
  assert.ok((await unpaced).content.text === y);
  for (const socket of [router, plain, ...dealers]) socket.close();
});

test("a receiver that is closed gets no further piece", async () => {
  const router = new Router({ ...UNLIMITED, linger: 0 });
  await router.bind("tcp://127.0.0.1:*");
  const dealer = new Dealer({ ...UNLIMITED, linger: 0 });
  dealer.connect(router.lastEndpoint!);
  let pieces = 0;
  const take = () => {
    pieces += 1;
    router.close();
  };
  const received = receiveMessages(router, "key", take, assert.fail, async () => {});
  const text = "y".repeat(2 * MEGABYTE);
  await createSender(dealer, "key").send(createMessage("stream", { name: "stdout", text }, { session: "s" }));
  await received;
  dealer.close();
  assert.equal(pieces, 1);
});
