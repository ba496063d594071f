const DELIMITER = "<IDS|MSG>";
const LONGEST_GRACE_MILLISECONDS = 60_000;

/** The type of a message in its frames; the header comes second after the delimiter. */
function typeOf(frames) {
  const at = frames.findIndex((frame) => frame.toString("latin1") === DELIMITER);
  try {
    return JSON.parse(frames[at + 2].toString()).msg_type;
  } catch {
    return undefined; // tslab reports what is wrong with it
  }
}

function graceOf({ grace_milliseconds: grace }) {
  return typeof grace === "number" ? Math.min(Math.max(grace, 0), LONGEST_GRACE_MILLISECONDS) : 0;
}

/** Makes tslab's server answer `ictal_settle_request`, of which it knows nothing, as the kernel `ictal` does. */
export function answerSettle(server, late) {
  const { handleShellMessage, publishStatus } = server;
  let Message; // the class of tslab's messages, which it does not export
  server.publishStatus = function (status, parent) {
    Message = parent.constructor;
    publishStatus.call(this, status, parent);
  };
  server.handleShellMessage = async function (socket, ...frames) {
    if (!Message || typeOf(frames) !== "ictal_settle_request") return handleShellMessage.call(this, socket, ...frames);
    const { key } = this.connInfo;
    const request = Message.fromRaw(key, frames);
    this.publishStatus("busy", request);
    const { pending, exitCode, exitCodeCell } = await late.settle(graceOf(request.content));
    const reply = request.createReply();
    reply.header.msg_type = "ictal_settle_reply";
    reply.content = { status: "ok", pending, exit_code: exitCode ?? null, exit_code_cell: exitCodeCell ?? null };
    reply.signAndSend(key, socket);
    this.publishStatus("idle", request);
  };
}
