import { inspect } from "node:util";

// What tslab leaves out of the Jupyter protocol and a notebook cannot do without: errors as errors, every line of a
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

function describeFailure(args, lines) {
  const [value, fileName, line, column, message] = args;
  if (typeof value === "string" && value.startsWith("%s%d:%d")) {
    const place = `${fileName}${line}:${column} - ${message}`;
    return { ename: "CompileError", evalue: place, traceback: [place] };
  }
  if (!(value instanceof Error || typeof value?.stack === "string")) {
    const text = typeof value === "string" ? value : inspect(value);
    return {
      ename: typeof value === "object" && value ? (value.constructor?.name ?? "Object") : typeof value,
      evalue: text,
      traceback: text.split("\n"),
    };
  }
  const stack = lines.mapStack(String(value.stack ?? value));
  const cause =
    value.cause === undefined
      ? ""
      : `\n[cause]: ${value.cause instanceof Error ? lines.mapStack(value.cause.stack ?? "") : inspect(value.cause)}`;
  return { ename: value.name ?? "Error", evalue: String(value.message), traceback: `${stack}${cause}`.split("\n") };
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
export function repairProtocol(fromTslab, { lines, notice }) {
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
      log: (value) => showValue(value, log),
      error: (...args) => {
        const next = describeFailure(args, lines);
        if (failure) failure.traceback.push(...next.traceback);
        else failure = next;
      },
    });

  const { handleExecute, handleExecuteImpl, handleKernel } = handler;
  handler.handleKernel = function () {
    return { status: "ok", ...handleKernel.call(this) };
  };
  handler.handleExecuteImpl = async function (request, writeStream, writeDisplayData) {
    failure = undefined;
    lines.startCell(this.execCount + 1);
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

  const serve = server.handleExecute;
  server.handleExecute = async function (socket, message) {
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
