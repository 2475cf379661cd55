import type { Socket } from 'node:net';

/** Messages of JSON over a connection, one a line. */
export interface LineChannel {
  send(message: object): void;
  /** Sends what is left and closes; resolves when it is on its way, or can't be. */
  end(): Promise<void>;
  /** When the last bytes came, by `performance.now()`. */
  heard: number;
  /** Why nothing more can come; undefined while something can. */
  readonly closed: string | undefined;
}

/** What a channel tells its owner. */
export interface LineListener {
  onMessage(message: Readonly<Record<string, unknown>>): void;
  /** Once, when nothing more can come. */
  onClose(why: string): void;
}

/** Longest line that is a message: what is longer comes from something else. */
const longestLine = 256 * 2 ** 20;

/** Makes a channel of a connection. What is no JSON closes it. */
export function lineChannel(socket: Socket, listener: LineListener): LineChannel {
  let pending = '';
  let closed: string | undefined;
  const close = (why: string): void => {
    if (closed !== undefined) return;
    closed = why;
    socket.destroy();
    listener.onClose(why);
  };
  const channel: LineChannel = {
    heard: performance.now(),
    get closed() {
      return closed;
    },
    send: (message) => void (closed !== undefined || socket.write(`${JSON.stringify(message)}\n`)),
    end: () =>
      new Promise((resolve) => {
        if (closed !== undefined) resolve();
        closed = 'it was left';
        const leave = (): void => {
          // A process that hangs never closes its end; this one needs not stay for that.
          socket.unref();
          resolve();
        };
        setTimeout(leave, 1000).unref();
        socket.end(leave);
      }),
  };
  socket.setNoDelay(true).setKeepAlive(true, 10_000);
  socket.setEncoding('utf8').on('data', (text: string) => {
    if (channel.heard < Infinity) channel.heard = performance.now();
    const lines = (pending + text).split('\n');
    pending = lines.pop()!;
    if (pending.length > longestLine) close('it sends no messages of toco');
    for (const line of lines) {
      if (closed !== undefined) return;
      let message: unknown;
      try {
        message = JSON.parse(line);
      } catch {
        // told below
      }
      if (typeof message !== 'object' || message === null) {
        close('it sends no messages of toco');
        return;
      }
      listener.onMessage(message as Record<string, unknown>);
    }
  });
  socket.on('error', ({ message }) => {
    close(message);
  });
  socket.on('close', () => {
    close('its connection closed');
  });
  return channel;
}
