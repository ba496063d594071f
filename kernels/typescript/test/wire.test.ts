import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Dealer, Router } from "zeromq";
import { createSender, receiveMessages, UNLIMITED } from "../src/wire/channel.js";
import { addressOf, createConnection, readConnectionFile, writeConnectionFile } from "../src/wire/connection.js";
import { decodeMessage, encodeMessage } from "../src/wire/framing.js";
import { createMessage, isMessage } from "../src/wire/message.js";
import { temporaryFolder } from "./make-notebook.js";

const stream = (text: string) =>
  createMessage("stream", { name: "stdout", text }, { session: "s", identities: [Buffer.from("topic")] });

test("a message survives encoding and decoding with identities, parent and buffers", () => {
  const request = createMessage("kernel_info_request", {}, { session: "client" });
  const sent = {
    ...createMessage("stream", { name: "stdout" as const, text: "é\u0000\n" }, { session: "kernel", parent: request }),
    identities: [Buffer.from([0, 255])],
    buffers: [Buffer.from([1, 2])],
  };
  const received = decodeMessage(encodeMessage(sent, "key"), "key");
  assert.deepEqual(received.content, sent.content);
  assert.deepEqual(received.header, sent.header);
  assert.equal(received.parentHeader?.msg_id, request.header.msg_id);
  assert.deepEqual([...received.identities[0]!], [0, 255]);
  assert.deepEqual([...received.buffers[0]!], [1, 2]);
  assert.equal(isMessage(received, "stream") && received.content.text, "é\u0000\n");
});

test("a changed frame, a wrong key and a missing delimiter are refused", () => {
  const frames = encodeMessage(stream("a"), "key");
  assert.throws(() => decodeMessage(frames, "other"), /signature does not match/);
  const changed = frames.map((frame, i) =>
    i === frames.length - 1 ? Buffer.from('{"name":"stdout","text":"b"}') : frame,
  );
  assert.throws(() => decodeMessage(changed, "key"), /signature does not match/);
  assert.throws(() => decodeMessage(frames.slice(2), "key"), /delimiter/);
  assert.throws(() => decodeMessage(frames.slice(0, 4), "key"), /frames after the delimiter/);
});

test("a signed frame that is no JSON object is refused by name", () => {
  const frames = encodeMessage({ ...stream("a"), content: [1] }, "key");
  assert.throws(() => decodeMessage(frames, "key"), /content is not a JSON object/);
});

test("an empty key means unsigned, as the protocol allows", () => {
  assert.deepEqual(decodeMessage(encodeMessage(stream("a"), ""), "").content, { name: "stdout", text: "a" });
});

test("a burst of 20 000 messages through sockets arrives whole and in order; a forged one is counted and dropped", async () => {
  const connection = await createConnection();
  const address = addressOf(connection, "shell");
  const router = new Router({ ...UNLIMITED, linger: 0 });
  await router.bind(address);
  const dealer = new Dealer({ ...UNLIMITED, linger: 0 });
  dealer.connect(address);
  const forger = createSender(dealer, "forged");
  const sender = createSender(dealer, connection.key);
  const count = 20_000;
  let refused = 0;
  const texts: unknown[] = [];
  const all = new Promise<void>((resolve) => {
    void receiveMessages(
      router,
      connection.key,
      (message) => {
        texts.push(message.content.text);
        if (texts.length === count) resolve();
      },
      () => {
        refused += 1;
      },
    );
  });
  void forger.send(createMessage("stream", { name: "stdout", text: "forged" }, { session: "s" }));
  for (let i = 0; i < count; i++)
    void sender.send(createMessage("stream", { name: "stdout", text: String(i) }, { session: "s" }));
  await all;
  router.close();
  dealer.close();
  assert.equal(refused, 1);
  assert.ok(texts.every((text, i) => text === String(i)));
});

test("a sender on a socket that may wait keeps order instead of failing", async () => {
  const connection = await createConnection();
  const router = new Router({ linger: 0 });
  await router.bind(addressOf(connection, "shell"));
  const dealer = new Dealer({ linger: 0 });
  dealer.connect(addressOf(connection, "shell"));
  const sender = createSender(dealer, "");
  const texts: unknown[] = [];
  const all = new Promise<void>((resolve) => {
    void receiveMessages(router, "", (message) => texts.push(message.content.text) === 800 && resolve(), assert.fail);
  });
  for (let i = 0; i < 800; i++)
    void sender.send(createMessage("stream", { name: "stdout", text: String(i) }, { session: "s" }));
  await sender.flush();
  await all;
  router.close();
  dealer.close();
  assert.ok(texts.every((text, i) => text === String(i)));
});

test("a connection file is private and reads back; a broken one names what is wrong", async () => {
  const path = join(await temporaryFolder(), "connection.json");
  const connection = await createConnection("tslab");
  await writeConnectionFile(path, connection);
  assert.equal((await stat(path)).mode & 0o077, 0);
  assert.deepEqual(await readConnectionFile(path), connection);
  const broken = { ...connection, shell_port: undefined };
  await writeConnectionFile(path, broken as unknown as typeof connection); // a port is missing on purpose
  await assert.rejects(readConnectionFile(path), /shell_port is undefined/);
});
