import { once } from "node:events";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import type { TestContext } from "node:test";

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

/** A receiver on loopback that answers with `statuses` in turn, then with 200; 0 hangs up. */
export async function startHook(context: TestContext, statuses: readonly number[] = []) {
  const received: Received[] = [];
  const left = [...statuses];
  const server = createServer(async (request, response) => {
    received.push({ headers: request.headers, body: JSON.parse(await text(request)) });
    const status = left.shift() ?? 200;
    if (status === 0) response.destroy();
    else response.writeHead(status).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { received, port, url: `http://127.0.0.1:${port}/hooks/T0PSECRET` };
}
