import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { encodeSafetensors } from '@toco/formats';
import { parseHubName } from '../src/hub-name.js';
import { resolveWeights, type ResolveWeightsOptions } from '../src/resolve-weights.js';
import { hubServer, send, type HubServer } from './hub-server.js';

const spec = 'hf:timm/deit_tiny_patch16_224.fb_in1k';
const asked = '/timm/deit_tiny_patch16_224.fb_in1k/resolve/main/model.safetensors';
const content = Buffer.from(
  encodeSafetensors({
    w: { dtype: 'float32', shape: [50_000], data: new Float32Array(50_000).map((_, i) => i) },
  }),
);
const sha256 = createHash('sha256').update(content).digest('hex');
const tag = { etag: `"${sha256}"` };

const bar = { update: () => undefined, stop: () => undefined };

let hub: HubServer;
let cache = '';
let path = '';
let options: ResolveWeightsOptions;
const before = process.env['HF_ENDPOINT'];

beforeEach(async () => {
  hub = await hubServer();
  process.env['HF_ENDPOINT'] = `${hub.address}/`;
  cache = await mkdtemp(join(tmpdir(), 'toco-hub-'));
  path = join(cache, 'timm', 'deit_tiny_patch16_224.fb_in1k', 'main', 'model.safetensors');
  options = { cache, print: () => undefined, bar, pause: 1, attempts: 3 };
});
afterEach(async () => {
  if (before === undefined) delete process.env['HF_ENDPOINT'];
  else process.env['HF_ENDPOINT'] = before;
  await hub.close();
  await rm(cache, { recursive: true });
});

async function leave(partial: Buffer): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.part`, partial);
}

test('a model is downloaded once and then comes from the cache', async () => {
  hub.answer = send(content, { headers: tag });
  expect(await resolveWeights(spec, options)).toBe(path);
  expect(content.equals(await readFile(path))).toBe(true);
  expect(readdirSync(dirname(path))).toEqual(['model.safetensors']);
  await hub.close();
  expect(await resolveWeights(spec, options)).toBe(path);
  expect(hub.seen).toEqual([{ path: asked, range: undefined }]);
});

test('another revision is another file', async () => {
  hub.answer = send(content);
  expect(await resolveWeights(`${spec}@v2.0`, options)).toBe(path.replace('main', 'v2.0'));
  expect(hub.seen[0]!.path).toBe(asked.replace('main', 'v2.0'));
});

test('a broken connection goes on where it stopped', async () => {
  let requests = 0;
  hub.answer = (request, response) => {
    requests++;
    send(content, { headers: tag, ...(requests < 4 && { breakAfter: 50_000 }) })(request, response);
  };
  await resolveWeights(spec, { ...options, attempts: 2 }); // each attempt gains something: that is no failure in a row
  expect(content.equals(await readFile(path))).toBe(true);
  expect(hub.seen.map(({ range }) => range)).toEqual([
    undefined,
    ...[1, 2, 3].map((n) => `bytes=${50_000 * n}-`),
  ]);
});

test('a server that breaks off for ever ends in one line, and the next call goes on', async () => {
  hub.answer = (request, response) => {
    if (hub.seen.length === 1) send(content, { headers: tag, breakAfter: 70_000 })(request, response);
    else response.destroy();
  };
  await expect(resolveWeights(spec, options)).rejects.toThrow(/^127[^\n]*HF_ENDPOINT to a mirror[^\n]*$/);
  expect(existsSync(path)).toBe(false);
  hub.answer = send(content, { headers: tag });
  await resolveWeights(spec, options);
  expect(hub.seen.at(-1)!.range).toBe('bytes=70000-');
  expect(content.equals(await readFile(path))).toBe(true);
});

test('a silent server counts as broken', async () => {
  hub.answer = () => undefined;
  await expect(resolveWeights(spec, { ...options, patience: 30, attempts: 2 })).rejects.toThrow(
    /0 bytes in 0.03 seconds/,
  );
});

test('a server that sends without end is left, and nothing of it stays', async () => {
  let sent = 0;
  const endless =
    (headers: Record<string, string>): HubServer['answer'] =>
    (_, response) => {
      response.writeHead(200, headers);
      const more = (): void => {
        if (!response.destroyed) response.write(Buffer.alloc(10_000), () => setImmediate(more));
        sent += 10_000;
      };
      more();
    };
  hub.answer = endless({ 'x-linked-size': '25000' });
  await expect(resolveWeights(spec, options)).rejects.toThrow(
    /^http[^\n]*sends more than the 25000 bytes that it announced; nothing was kept[^\n]*$/,
  );
  expect(readdirSync(dirname(path))).toEqual([]);
  hub.answer = endless({});
  await expect(resolveWeights(spec, { ...options, most: 300_000 })).rejects.toThrow(
    /announces no size and does not stop sending; nothing was kept/,
  );
  expect(readdirSync(dirname(path))).toEqual([]);
  expect(hub.seen).toHaveLength(2);
  expect(sent).toBeLessThan(30_000_000);
});

test('a server that sends a byte now and then is given up, in one connection or many', async () => {
  const dripping: HubServer['answer'] = (_, response) => {
    response.writeHead(200, { 'content-length': content.length, ...tag });
    const timer = setInterval(() => response.write(content.subarray(0, 1)), 5);
    response.on('close', () => {
      clearInterval(timer);
    });
  };
  hub.answer = dripping;
  await expect(resolveWeights(spec, { ...options, patience: 100, attempts: 2 })).rejects.toThrow(
    /breaks off \(\d+ bytes in 0\.1 seconds\)/,
  );
  expect(hub.seen).toHaveLength(2);
  // A byte before each break is no progress either.
  hub.answer = send(content, { headers: tag, breakAfter: 1 });
  await expect(resolveWeights(spec, options)).rejects.toThrow(/breaks off/);
  expect(hub.seen).toHaveLength(2 + 3);
  expect(existsSync(path)).toBe(false);
});

test('a server without ranges sends everything again', async () => {
  await leave(content.subarray(0, 1000));
  hub.answer = send(content, { headers: tag, ranges: false });
  await resolveWeights(spec, options);
  expect(content.equals(await readFile(path))).toBe(true);
});

test.each([
  ['as a header', { 'x-linked-size': String(content.length) }],
  ['with its refusal', {}],
])('a part that is whole needs no byte more; the hub gives the size %s', async (_, size) => {
  await leave(content);
  hub.answer = send(content, { headers: { ...tag, ...size } });
  await resolveWeights(spec, options);
  expect(content.equals(await readFile(path))).toBe(true);
});

test('without a hash, what another call has left is not built upon', async () => {
  await leave(Buffer.alloc(5000, 7));
  hub.answer = send(content);
  await resolveWeights(spec, options);
  expect(content.equals(await readFile(path))).toBe(true);
});

test('a part of an older file is noticed and thrown away', async () => {
  await leave(Buffer.alloc(5000, 7));
  hub.answer = send(content, { headers: tag });
  await expect(resolveWeights(spec, options)).rejects.toThrow(/SHA-256 .* instead of .*; nothing was kept/);
  expect(existsSync(`${path}.part`)).toBe(false);
  await resolveWeights(spec, options);
  expect(content.equals(await readFile(path))).toBe(true);
});

test('size and hash of the hub hold for the storage it leads on to', async () => {
  const wrong = Buffer.from(content);
  wrong[wrong.length - 1]! ^= 1;
  const headers = { 'x-linked-etag': `"${sha256}"`, 'x-linked-size': String(content.length) };
  const lead =
    (to: Buffer): HubServer['answer'] =>
    (request, response) => {
      if (request.url === '/storage?key=1') send(to, { headers: { etag: '"other"' } })(request, response);
      else response.writeHead(302, { ...headers, location: '/storage?key=1' }).end();
    };
  hub.answer = lead(wrong);
  await expect(resolveWeights(spec, options)).rejects.toThrow(/SHA-256/);
  hub.answer = lead(content.subarray(0, -4));
  await expect(resolveWeights(spec, options)).rejects.toThrow(/199\d+ of \d+ bytes arrived|breaks off/);
  await rm(`${path}.part`, { force: true });
  hub.answer = lead(content);
  await resolveWeights(spec, options);
  expect(content.equals(await readFile(path))).toBe(true);
});

test.each([
  ['circles', '/again', /leads on more than 5 times/],
  ['another protocol', 'file:///etc/hostname', /leads on to "file:.*not followed/],
])('a redirect to %s is not followed', async (_, location, message) => {
  hub.answer = (_request, response) => response.writeHead(302, { location }).end();
  await expect(resolveWeights(spec, { ...options, attempts: 1 })).rejects.toThrow(message);
});

test.each([
  [404, /there is no such file; check name and revision/],
  [401, /needs a permission/],
  [418, /answers with status 418/],
])('status %i is said at once, in one line', async (status, message) => {
  hub.answer = (_, response) => response.writeHead(status).end('no');
  await expect(resolveWeights(spec, options)).rejects.toThrow(message);
  expect(hub.seen).toHaveLength(1);
});

test('status 503 is tried again', async () => {
  hub.answer = (request, response) => {
    if (hub.seen.length < 3) response.writeHead(503).end();
    else send(content, { headers: tag })(request, response);
  };
  await resolveWeights(spec, options);
  expect(hub.seen).toHaveLength(3);
});

test('a web page instead of the file is not kept', async () => {
  hub.answer = send(Buffer.from('<html>log in first</html>'.repeat(10)));
  await expect(resolveWeights(spec, options)).rejects.toThrow(/nothing was kept/);
  expect(readdirSync(dirname(path))).toEqual([]);
});

test('two calls at the same time give one whole file', async () => {
  hub.answer = send(content, { headers: tag });
  expect(await Promise.all([resolveWeights(spec, options), resolveWeights(spec, options)])).toEqual([
    path,
    path,
  ]);
  expect(content.equals(await readFile(path))).toBe(true);
});

test('a path is taken as it is; a missing one is said to be so', async () => {
  const file = join(cache, 'mine.pth');
  await writeFile(file, 'x');
  expect(await resolveWeights(file, options)).toBe(file);
  await expect(resolveWeights(join(cache, 'none.pth'), options)).rejects.toThrow(/none\.pth: no such file/);
  expect(hub.seen).toEqual([]);
});

test('names of models', () => {
  expect(parseHubName('hf:a/b')).toEqual({ owner: 'a', name: 'b', revision: 'main' });
  expect(parseHubName('hf:a/b.c-d_e@0123abc').revision).toBe('0123abc');
  for (const wrong of [
    'hf:b',
    'hf:a/..',
    'hf:../b',
    'hf:a/b@..',
    'hf:a/b/c',
    'hf:a/b?x',
    'hf:/b',
    'hf:a/b@',
  ]) {
    expect(() => parseHubName(wrong)).toThrow(`${wrong}: is no model's name`);
  }
});
