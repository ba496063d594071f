/**
 * Makes zeromq.js keep every message. By default it allows one pending send per socket (a second one throws and its
 * message is lost) and drops what a subscriber has not fetched after 1000 messages. No high-water mark and no send
 * timeout make each send immediate: libzmq's own queue takes it.
 */
export function loseNoMessage(zeromq) {
  const { bind } = zeromq.Socket.prototype; // read-only there, hence a method of each kind of socket
  for (const Kind of [zeromq.Publisher, zeromq.Router]) {
    Object.defineProperty(Kind.prototype, "bind", {
      value(address) {
        this.sendHighWaterMark = 0;
        this.sendTimeout = 0;
        if (Kind === zeromq.Router) this.receiveHighWaterMark = 0;
        return bind.call(this, address);
      },
    });
  }
}
