import { type AddressInfo, createServer, type Server } from 'node:net';

/** Addresses for processes on this host alone, at ports that nobody listens on. */
export async function freeAddresses(count: number): Promise<string[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<Server>((resolve, reject) => {
          const server = createServer().once('error', reject);
          server.listen(0, '127.0.0.1', () => {
            resolve(server);
          });
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports.map((port) => `127.0.0.1:${port}`);
}
