import { setImmediate as turn } from "node:timers/promises";
import { describeFailure } from "./describe-error.mjs";
import { answerSettle } from "./settle.mjs";

// What tslab omits of the Jupyter protocol and a notebook cannot do without: errors as errors, every line of a
// burst, cells that run on after an expected error, and display bundles with several mime types.

const FLUSH_MILLISECONDS = 50;
const FLUSH_CHARACTERS = 65_536;

/** Sends the first write at once and joins those that follow to one message per 50 ms or 64 Ki characters, in order. */
function gather(writeStream) {
  let name;
  let text = "";
  let sentAt = 0;
  let timer;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    if (text) writeStream(name, text);
    text = "";
    sentAt = Date.now();
  };
  const write = (stream, chunk) => {
    if (text && stream !== name) flush();
    name = stream;
    text += chunk;
    if (text.length > FLUSH_CHARACTERS || Date.now() - sentAt > FLUSH_MILLISECONDS) flush();
    else timer ??= setTimeout(flush, FLUSH_MILLISECONDS).unref();
  };
  return { write, flush };
}

/** The last value of a cell: nothing for a display's handle, the package's view of an object, else what tslab prints. */
function showValue(value, print) {
  const show = globalThis[Symbol.for("ictal.display")]; // set by the package when a cell imports it
  if (!show || (typeof value !== "object" && typeof value !== "function") || value === null) print(value);
  else if (!isQuiet(value)) show(value);
}

function isQuiet(value) {
  try {
    return value[Symbol.for("ictal.quiet")] === true;
  } catch {
    return false; // a getter or a proxy of the user's threw
  }
}

/** Wraps tslab's handler, server and executor in this process; its files stay as they are. */
export function repairProtocol(fromTslab, { lines, late, notice }) {
  const jupyter = fromTslab("./jupyter.js");
  const executor = fromTslab("./executor.js");
  const handler = jupyter.JupyterHandlerImpl.prototype;
  const server = jupyter.ZmqServer.prototype;
  const pending = new Set(); // displays that the cell's end waits for
  let failure;
  let flushStreams = () => {};

  const createExecutor = executor.createExecutor;
  executor.createExecutor = (root, converters, { log }) =>
    createExecutor(root, converters, {
      log: (value) => {
        late.noteValue(value);
        showValue(value, log);
      },
      error: (...args) => {
        const next = describeFailure(args, lines);
        if (failure) failure.traceback.push(...next.traceback);
        else failure = next;
      },
    });

  const { handleExecute, handleExecuteImpl, handleKernel } = handler;
  handler.handleKernel = function () {
    return { status: "ok", ictal_settle: true, ...handleKernel.call(this) };
  };
  handler.handleExecuteImpl = async function (request, writeStream, writeDisplayData) {
    failure = undefined;
    lines.startCell(this.execCount + 1);
    late.startCell(this.execCount + 1, request);
    const stream = gather(writeStream);
    flushStreams = stream.flush;
    const showDisplay = (content, update) => {
      stream.flush();
      writeDisplayData(content, update);
    };
    if (notice && this.execCount === 0) stream.write("stderr", `${notice}\n`);
    try {
      return await handleExecuteImpl.call(this, request, stream.write, showDisplay);
    } finally {
      await Promise.all([...pending].map((settle) => settle()));
      await turn(); // rejections that nobody awaits are reported now, as part of the cell
      late.endCell();
      stream.flush();
    }
  };
  handler.handleExecute = async function (request, ...rest) {
    const { reset } = Object.getPrototypeOf(this.execQueue);
    // tslab skips whatever arrives within 200 ms of a failure; a client that sends stop_on_error: false wants it run.
    this.execQueue.reset = (delay) => reset.call(this.execQueue, request.stop_on_error === false ? undefined : delay);
    const reply = await handleExecute.call(this, request, ...rest);
    if (reply.status === "abort") return { ...reply, status: "aborted" };
    return reply.status === "error" && failure
      ? { ...reply, ...failure }
      : { payload: [], user_expressions: {}, ...reply };
  };

  const publishLate = (server, request, content, metadata) => {
    flushStreams();
    const error = request.createReply();
    Object.assign(error, { content, metadata });
    error.header.msg_type = "error";
    error.signAndSend(server.connInfo.key, server.iopub);
  };
  const serve = server.handleExecute;
  server.handleExecute = async function (socket, message) {
    late.noteRequest(message.content, (content, metadata) => publishLate(this, message, content, metadata));
    const send = (sent, key) => {
      if (sent.header.msg_type !== "execute_reply" || sent.content.status !== "error" || !failure) return;
      const error = message.createReply();
      error.header.msg_type = "error";
      error.content = failure;
      error.signAndSend(key, this.iopub);
    };
    const createReply = message.createReply.bind(message);
    message.createReply = () => {
      const reply = createReply();
      const signAndSend = reply.signAndSend.bind(reply);
      reply.signAndSend = (key, target) => {
        send(reply, key);
        signAndSend(key, target);
      };
      return reply;
    };
    await serve.call(this, socket, message);
  };

  answerSettle(server, late);

  const close = server.close;
  server.close = function () {
    flushStreams();
    close.call(this);
    setTimeout(() => process.exit(0), 500).unref(); // a cell's timers and servers must not outlive the kernel
  };

  globalThis[Symbol.for("ictal.display-channel")] = {
    pending,
    send(content, update) {
      if (!jupyter.lastWriteDisplayData) throw new Error("display needs a running cell");
      jupyter.lastWriteDisplayData(content, update);
    },
  };
}
