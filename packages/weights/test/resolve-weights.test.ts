import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { encodeSafetensors } from '@toco/formats';
import { parseHubName } from '../src/hub-name.js';
import { resolveDescription, resolveWeights, type ResolveWeightsOptions } from '../src/resolve-weights.js';
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
let blobs = '';
let partial = '';
let options: ResolveWeightsOptions;
const before = process.env['HF_ENDPOINT'];

beforeEach(async () => {
  hub = await hubServer();
  process.env['HF_ENDPOINT'] = `${hub.address}/`;
  cache = await mkdtemp(join(tmpdir(), 'toco-hub-'));
  const model = join(cache, 'models--timm--deit_tiny_patch16_224.fb_in1k');
  path = join(model, 'snapshots', 'main', 'model.safetensors');
  blobs = join(model, 'blobs');
  partial = join(blobs, 'main--model.safetensors.part');
  options = { cache, print: () => undefined, bar, pause: 1, attempts: 3 };
});
afterEach(async () => {
  if (before === undefined) delete process.env['HF_ENDPOINT'];
  else process.env['HF_ENDPOINT'] = before;
  await hub.close();
  await rm(cache, { recursive: true });
});

async function leave(bytes: Buffer): Promise<void> {
  await mkdir(blobs, { recursive: true });
  await writeFile(partial, bytes);
}

test('a model is downloaded once and then comes from the cache', async () => {
  hub.answer = send(content, { headers: tag });
  expect(await resolveWeights(spec, options)).toBe(path);
  expect(content.equals(await readFile(path))).toBe(true);
  expect(readdirSync(dirname(path))).toEqual(['model.safetensors']);
  expect(readdirSync(blobs)).toEqual([sha256]);
  await hub.close();
  expect(await resolveWeights(spec, options)).toBe(path);
  expect(hub.seen).toMatchObject([{ path: asked, range: undefined }]);
});

const commit = '0123456789abcdef0123456789abcdef01234567';

test('the cache is laid out as that of Hugging Face: blobs, snapshots, refs', async () => {
  hub.answer = send(content, { headers: { ...tag, 'x-repo-commit': commit } });
  const found = await resolveWeights(spec, options);
  expect(found).toBe(path.replace('main', commit));
  expect(await readlink(found)).toBe(join('..', '..', 'blobs', sha256));
  expect(content.equals(await readFile(found))).toBe(true);
  expect(await readFile(join(blobs, '../refs/main'), 'utf8')).toBe(commit);
  await hub.close();
  for (const name of [spec, `${spec}@main`, `${spec}@${commit}`])
    expect(await resolveWeights(name, options)).toBe(found);
});

test('a description is taken of the version of the weights; that there is none is asked once', async () => {
  hub.answer = send(content, { headers: { ...tag, 'x-repo-commit': commit } });
  const found = await resolveWeights(spec, options);
  hub.answer = (_, response) => response.writeHead(404).end();
  expect(await resolveDescription(spec, found, options)).toBeUndefined();
  const asked = hub.seen.length;
  expect(hub.seen.at(-1)!.path).toMatch(new RegExp(`/resolve/${commit}/config\\.json$`));
  expect(await resolveDescription(spec, found, options)).toBeUndefined();
  expect(hub.seen).toHaveLength(asked);

  await rm(join(blobs, '../.no_exist'), { recursive: true });
  hub.answer = send(Buffer.from('{"toco":{}}'));
  const beside = join(dirname(found), 'config.json');
  expect(await resolveDescription(spec, found, options)).toBe(beside);
  expect(await readFile(beside, 'utf8')).toBe('{"toco":{}}');
  await hub.close();
  expect(await resolveDescription(spec, found, options)).toBe(beside);
});

test('what another program has put there is used without asking', async () => {
  await mkdir(join(blobs, '../refs'), { recursive: true });
  await mkdir(dirname(path.replace('main', commit)), { recursive: true });
  await writeFile(join(blobs, '../refs/main'), `${commit}\n`);
  await writeFile(path.replace('main', commit), content);
  expect(await resolveWeights(spec, options)).toBe(path.replace('main', commit));
  expect(hub.seen).toEqual([]);
});

test('names that a server gives lead nowhere else', async () => {
  hub.answer = send(content, { headers: { etag: '"../../../evil"', 'x-repo-commit': '../evil' } });
  expect(await resolveWeights(spec, options)).toBe(path);
  expect(readdirSync(blobs)).toEqual([]);
  expect(readdirSync(cache).sort()).toEqual(['.locks', 'models--timm--deit_tiny_patch16_224.fb_in1k']);
});

describe('the environment of Hugging Face', () => {
  const names = ['HF_HOME', 'HF_HUB_CACHE', 'HF_TOKEN', 'HF_TOKEN_PATH', 'XDG_CACHE_HOME'] as const;
  const own = Object.fromEntries(names.map((name) => [name, process.env[name]]));
  const clear = (): void => {
    for (const name of names) Reflect.deleteProperty(process.env, name);
  };
  beforeEach(clear);
  afterEach(() => {
    clear();
    for (const name of names) if (own[name] !== undefined) process.env[name] = own[name];
  });

  test('HF_HOME and HF_HUB_CACHE say where the cache is', async () => {
    hub.answer = send(content, { headers: tag });
    process.env['HF_HOME'] = cache;
    const { cache: _, ...rest } = options;
    expect(await resolveWeights(spec, rest)).toBe(path.replace(cache, join(cache, 'hub')));
    process.env['HF_HUB_CACHE'] = join(cache, 'elsewhere');
    expect(await resolveWeights(spec, rest)).toBe(path.replace(cache, join(cache, 'elsewhere')));
  });

  test('HF_TOKEN, or the file that a login left, goes to the hub and not to the storage that it redirects to', async () => {
    process.env['HF_HOME'] = cache;
    const storage = await hubServer();
    try {
      storage.answer = send(content, { headers: tag });
      hub.answer = (_, response) =>
        response.writeHead(302, { location: `${storage.address}/bytes?key=1` }).end();
      await writeFile(join(cache, 'token'), 'of the file\n');
      await resolveWeights(spec, options);
      process.env['HF_TOKEN'] = 'of the variable';
      await resolveWeights(`${spec}@v2`, options);
      expect(hub.seen.map(({ token }) => token)).toEqual(['Bearer of the file', 'Bearer of the variable']);
      expect(storage.seen.map(({ token }) => token)).toEqual([undefined, undefined]);
    } finally {
      await storage.close();
    }
  });

  test('without a token none is sent', async () => {
    process.env['HF_HOME'] = cache;
    hub.answer = (_, response) => response.writeHead(401).end();
    await expect(resolveWeights(spec, options)).rejects.toThrow(/access denied .*set HF_TOKEN/);
    expect(hub.seen[0]!.token).toBeUndefined();
  });
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
  expect(hub.seen.at(-1)!.range).toMatch(/^bytes=[1-9]\d{3,4}-$/);
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
  expect(readdirSync(blobs)).toEqual([]);
  hub.answer = endless({});
  await expect(resolveWeights(spec, { ...options, most: 300_000 })).rejects.toThrow(
    /announces no size and does not stop sending; nothing was kept/,
  );
  expect(readdirSync(blobs)).toEqual([]);
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
    /connection dropped \(\d+ bytes in 0\.1 seconds\)/,
  );
  expect(hub.seen).toHaveLength(2);
  // A byte before each break is no progress either.
  hub.answer = send(content, { headers: tag, breakAfter: 1 });
  await expect(resolveWeights(spec, options)).rejects.toThrow(/connection dropped/);
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

test.each([
  ['a connection that breaks', { headers: {}, breakAfter: 1000 }],
  ['a busy server', undefined],
])('… also after %s', async (_, first) => {
  await leave(Buffer.alloc(5000, 7));
  hub.answer = (request, response) => {
    if (hub.seen.length > 1) send(content)(request, response);
    else if (first === undefined) response.writeHead(503).end();
    else send(content, { ...first, ranges: false })(request, response);
  };
  await resolveWeights(spec, options);
  expect(content.equals(await readFile(path))).toBe(true);
});

test('a part of an older file is noticed and thrown away', async () => {
  await leave(Buffer.alloc(5000, 7));
  hub.answer = send(content, { headers: tag });
  await expect(resolveWeights(spec, options)).rejects.toThrow(/SHA-256 .* instead of .*; nothing was kept/);
  expect(existsSync(partial)).toBe(false);
  await resolveWeights(spec, options);
  expect(content.equals(await readFile(path))).toBe(true);
});

test('size and hash of the hub hold for the storage it redirects to', async () => {
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
  await expect(resolveWeights(spec, options)).rejects.toThrow(
    /199\d+ of \d+ bytes arrived|connection dropped/,
  );
  await rm(partial, { force: true });
  hub.answer = lead(content);
  await resolveWeights(spec, options);
  expect(content.equals(await readFile(path))).toBe(true);
});

test.each([
  ['circles', '/again', /redirected more than 5 times/],
  ['another protocol', 'file:///etc/hostname', /redirects to "file:.*not followed/],
])('a redirect to %s is not followed', async (_, location, message) => {
  hub.answer = (_request, response) => response.writeHead(302, { location }).end();
  await expect(resolveWeights(spec, { ...options, attempts: 1 })).rejects.toThrow(message);
});

test.each([
  [404, /there is no such file; check name and revision/],
  [401, /access denied/],
  [418, /responded with HTTP 418/],
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
  expect(readdirSync(blobs)).toEqual([]);
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
    expect(() => parseHubName(wrong)).toThrow(`${wrong}: not a model name`);
  }
});
