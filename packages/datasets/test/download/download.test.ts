import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { download } from '@toco/files';
import { prepareVoc } from '../../src/voc/prepare-voc.js';
import { temporaryFolder } from '../folder.js';
import { smallArchives } from '../voc/small-archives.js';

const content = Buffer.from(Uint32Array.from({ length: 50_000 }, (_, i) => Math.imul(i, 2654435761)).buffer);
const md5 = `md5:${createHash('md5').update(content).digest('hex')}`;
const archives: Record<string, Buffer> = { ...(await smallArchives()), 'file.bin': content };

/** What the server does with the next requests, and what it was asked. */
let breakAfter: number[] = [];
let etag = '"one"';
let knowsRanges = true;
let failures = 0;
let requests: { range: string | undefined; status: number }[] = [];

function serve(request: IncomingMessage, response: ServerResponse): void {
  const { range } = request.headers;
  const answer = (status: number, headers: Record<string, string | number>, body: Uint8Array): void => {
    requests.push({ range, status });
    response.writeHead(status, { etag, 'content-length': body.length, ...headers });
    const stop = breakAfter.shift();
    if (stop === undefined) response.end(body);
    else response.write(body.subarray(0, stop), () => setTimeout(() => response.destroy(), 300));
  };
  const file = archives[request.url!.slice(1)];
  if (failures > 0) {
    failures--;
    return answer(503, {}, Buffer.from('later'));
  }
  if (file === undefined) return answer(404, {}, Buffer.from('not here'));
  const first = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1]);
  if (!knowsRanges || Number.isNaN(first) || request.headers['if-range'] !== etag)
    return answer(200, {}, file);
  if (first >= file.length)
    return answer(416, { 'content-range': `bytes */${file.length}` }, Buffer.alloc(0));
  const part = file.subarray(first);
  answer(206, { 'content-range': `bytes ${first}-${file.length - 1}/${file.length}` }, part);
}

const server = createServer(serve);
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const url = `${base}/file.bin`;
const folder = await temporaryFolder();
const quick = { pause: 1, patience: 2000 };

let path = '';
let files = 0;
beforeEach(async () => {
  [breakAfter, etag, knowsRanges, failures, requests] = [[], '"one"', true, 0, []];
  path = join(folder, String(files++), 'file.bin');
  await mkdir(join(path, '..'), { recursive: true });
});

async function failure(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => new Error('did not fail'),
    (reason: unknown) => reason as Error,
  );
  expect(error.message).not.toContain('\n');
  return error.message;
}

describe('download', () => {
  test('fetches, tells its progress, checks, and leaves nothing beside the file', async () => {
    const seen: [number, number | undefined][] = [];
    await download(url, path, { ...quick, checksum: md5, onBytes: (...status) => seen.push(status) });
    expect(await readFile(path)).toEqual(content);
    expect(seen.at(-1)).toEqual([content.length, content.length]);
    expect(await readdir(join(path, '..'))).toEqual(['file.bin']);
  });

  test('goes on where connections broke', async () => {
    breakAfter = [30_000, 50_000];
    await download(url, path, { ...quick, checksum: md5 });
    expect(requests.map(({ status }) => status)).toEqual([200, 206, 206]);
    expect(requests[1]!.range).toBe('bytes=30000-');
  });

  test('goes on with what an ended run left, and knows when that was all', async () => {
    for (const length of [70_000, content.length]) {
      await writeFile(`${path}.download`, content.subarray(0, length));
      await writeFile(`${path}.download.identity`, etag);
      await download(url, path, { ...quick, checksum: md5 });
      expect(await readFile(path)).toEqual(content);
    }
    expect(requests.map(({ status }) => status)).toEqual([206, 416]);
  });

  test('begins anew where the file has changed, or the server knows no ranges', async () => {
    await writeFile(`${path}.download`, Buffer.alloc(1000));
    await writeFile(`${path}.download.identity`, '"another"');
    await download(url, path, { ...quick, checksum: md5 });
    knowsRanges = false;
    breakAfter = [30_000];
    await download(url, `${path}2`, { ...quick, checksum: md5 });
    expect(requests.map(({ status }) => status)).toEqual([200, 200, 200]);
  });

  test('a wrong checksum leaves no file, and nothing to go on with', async () => {
    expect(await failure(download(url, path, { ...quick, checksum: `md5:${'0'.repeat(32)}` }))).toMatch(
      /file\.bin: the md5 checksum is [0-9a-f]{32}, not 0{32}: the file is damaged or another one; fetch it again$/,
    );
    expect(await readdir(join(path, '..'))).toEqual([]);
  });

  test('busy servers are asked again; a missing file and a dead address end in one line', async () => {
    failures = 2;
    await download(url, path, quick);
    expect(requests.map(({ status }) => status)).toEqual([503, 503, 200]);
    expect(await failure(download(`${base}/none`, `${path}2`, quick))).toBe(
      `${base}/none: the server answers 404 Not Found; check the address`,
    );
    failures = 9;
    expect(await failure(download(url, `${path}2`, { ...quick, attempts: 3 }))).toBe(
      `${url}: the server answers 503 Service Unavailable; run the same command again to go on`,
    );
    expect(await failure(download('http://127.0.0.1:1/file', `${path}2`, { ...quick, attempts: 2 }))).toMatch(
      /^http:\/\/127\.0\.0\.1:1\/file: .*; run the same command again to go on$/,
    );
  });

  test('a server that falls silent is left after a while', async () => {
    const silent = createServer((_request, response) => {
      response.writeHead(200, { 'content-length': 1000 });
      response.write('some');
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/file`;
    const began = performance.now();
    expect(await failure(download(address, path, { pause: 1, patience: 200, attempts: 2 }))).toMatch(
      /: \d bytes in 0\.2 seconds; run the same command again to go on$/,
    );
    expect(performance.now() - began).toBeLessThan(10_000);
    silent.closeAllConnections();
    silent.close();
  });
});

describe('servers that do not stop, or hardly begin', () => {
  async function withServer(
    answer: (response: ServerResponse, request: number) => void,
    use: (address: string, requested: () => number) => Promise<void>,
  ): Promise<void> {
    let count = 0;
    const odd = createServer((_request, response) => {
      answer(response, ++count);
    });
    await new Promise<void>((resolve) => odd.listen(0, '127.0.0.1', resolve));
    try {
      await use(`http://127.0.0.1:${(odd.address() as AddressInfo).port}/file`, () => count);
    } finally {
      odd.closeAllConnections();
      odd.close();
    }
  }

  test('without end: left at the bytes that were announced, or at a limit; nothing stays', async () => {
    const endless = (response: ServerResponse, request: number): void => {
      // a range of a file of 25,000 bytes, and then ever more of it
      response.writeHead(
        request === 1 ? 206 : 200,
        request === 1 ? { 'content-range': 'bytes 5-24999/25000' } : {},
      );
      const more = (): void => {
        if (!response.destroyed) response.write(Buffer.alloc(10_000), () => setImmediate(more));
      };
      more();
    };
    await withServer(endless, async (address, requested) => {
      await writeFile(`${path}.download`, 'first');
      await writeFile(`${path}.download.identity`, etag);
      expect(await failure(download(address, path, quick))).toMatch(
        /: the server sends more than the 25000 bytes that it announced; check the address$/,
      );
      expect(await readdir(join(path, '..'))).toEqual([]);
      expect(await failure(download(address, path, { ...quick, most: 300_000 }))).toMatch(
        /: the server announces no size and has sent 3\d\d kB; fetch the file yourself and give its path$/,
      );
      expect(await readdir(join(path, '..'))).toEqual([]);
      expect(requested()).toBe(2);
    });
  });

  test('a byte now and then, in one connection or many: given up', async () => {
    const dripping = (response: ServerResponse): void => {
      response.writeHead(200, { 'content-length': 100_000, etag });
      const timer = setInterval(() => response.write('.'), 5);
      response.on('close', () => {
        clearInterval(timer);
      });
    };
    await withServer(dripping, async (address, requested) => {
      // Long enough that a process that got no time for a moment still sends its request.
      expect(await failure(download(address, path, { pause: 1, patience: 2000, attempts: 2 }))).toMatch(
        /: \d+ bytes in 2 seconds; run the same command again to go on$/,
      );
      expect(requested()).toBe(2);
    });
    const breaking = (response: ServerResponse): void => {
      response.writeHead(200, { 'content-length': 100_000, etag });
      response.write('.', () => setTimeout(() => response.destroy(), 20));
    };
    await withServer(breaking, async (address, requested) => {
      expect(await failure(download(address, `${path}2`, { ...quick, attempts: 3 }))).toMatch(
        /; run the same command again to go on$/,
      );
      expect(requested()).toBe(3);
    });
  });
});

describe('prepareVoc from addresses', () => {
  test('downloads both archives, resumes, and removes them afterwards', async () => {
    const out = join(path, '..', 'voc');
    const options = {
      out,
      trainval: `${base}/VOCtrainval_11-May-2012.tar`,
      sbd: `${base}/benchmark.tgz`,
      partial: true,
      workers: 0,
    };
    const checksums = { sbd: `sha256:${'0'.repeat(64)}` };
    expect(await failure(prepareVoc({ ...options, checksums }))).toMatch(
      /benchmark\.tgz: the sha256 checksum/,
    );
    const stages = new Set<string>();
    breakAfter = [500];
    const { lists } = await prepareVoc({ ...options, onProgress: ({ stage }) => stages.add(stage) });
    expect(lists.train_aug).toBe(5);
    expect([...stages]).toEqual(['downloading benchmark.tgz', 'converting masks of benchmark.tgz']);
    expect(await readdir(join(out, 'downloads'))).toEqual([]);
    requests = [];
    expect((await prepareVoc(options)).alreadyDone).toBe(true);
    expect(requests).toEqual([]);
  });
});
