// The built pages, served on a port of their own.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Starts serve.js; `kill` ends it. */
export async function servePages() {
  const server = spawn(process.execPath, [fileURLToPath(new URL('../serve.js', import.meta.url))], {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const address = await new Promise((resolve) => {
    server.stdout.once('data', (line) => resolve(String(line).trim()));
  });
  return { address, kill: () => server.kill() };
}
