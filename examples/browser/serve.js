// Serves dist to this machine alone: npm start.
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = fileURLToPath(new URL('dist', import.meta.url));
const types = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.wasm': 'application/wasm',
  '.bin': 'application/octet-stream',
};

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const name = normalize(pathname.endsWith('/') ? `${pathname}index.html` : pathname);
  response.setHeader('content-type', types[extname(name)] ?? 'application/octet-stream');
  createReadStream(join(dist, name))
    .on('error', () => response.writeHead(404).end())
    .pipe(response);
});
server.on('error', (error) => {
  process.exitCode = 1;
  console.error(
    error.code === 'EADDRINUSE'
      ? `Port ${error.port} is taken; choose another by PORT=8100 npm start.`
      : String(error),
  );
});
server.listen(Number(process.env['PORT'] ?? 8080), '127.0.0.1', () => {
  const { port } = server.address();
  console.log(`http://localhost:${port}/`);
});
