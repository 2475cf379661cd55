import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request that came in. */
export interface Seen {
  readonly path: string;
  readonly range: string | undefined;
  readonly token: string | undefined;
}

/** A server on this machine that behaves as it is told. */
export interface HubServer {
  readonly address: string;
  readonly seen: Seen[];
  /** What the next requests get. */
  answer: (request: IncomingMessage, response: ServerResponse) => void;
  close(): Promise<void>;
}

/** Starts a server that answers 404 until it is told something else. */
export async function hubServer(): Promise<HubServer> {
  const seen: Seen[] = [];
  const server: Server = createServer((request, response) => {
    seen.push({ path: request.url!, range: request.headers.range, token: request.headers.authorization });
    hub.answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const hub: HubServer = {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    answer: (_, response) => response.writeHead(404).end(),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
  return hub;
}

/** Sends a file, or the part of it that was asked for; after `breakAfter` bytes the connection is cut. */
export function send(
  content: Buffer,
  {
    headers = {},
    breakAfter,
    ranges = true,
  }: { headers?: object; breakAfter?: number; ranges?: boolean } = {},
): HubServer['answer'] {
  return (request, response) => {
    const asked = ranges ? /^bytes=(\d+)-$/.exec(request.headers.range ?? '') : null;
    const start = Number(asked?.[1] ?? 0);
    const range = { 'content-range': `bytes ${start}-${content.length - 1}/${content.length}` };
    if (asked && start >= content.length) {
      response.writeHead(416, { ...headers, 'content-range': `bytes */${content.length}` }).end();
      return;
    }
    const body = content.subarray(start);
    response.writeHead(asked ? 206 : 200, { 'content-length': body.length, ...(asked && range), ...headers });
    if (breakAfter === undefined) response.end(body);
    else response.write(body.subarray(0, breakAfter), () => setTimeout(() => response.destroy(), 20));
  };
}
