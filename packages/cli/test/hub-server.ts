import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A stand-in for Hugging Face's hub: models, files, and large files by LFS. */
export interface HubServer {
  readonly url: string;
  /** Files by their paths, of each model that was made. */
  readonly models: Map<string, Map<string, Buffer>>;
  /** What was asked, such as `PUT /lfs/…`. */
  readonly asked: string[];
  /** Number of the upload that is broken off, once; none by default. */
  breakUpload?: number;
  close(): Promise<void>;
}

const partSize = 100_000;

/** Starts one that accepts this token alone; files of 1,000 bytes and more are large. */
export async function hubServer(token: string): Promise<HubServer> {
  const models = new Map<string, Map<string, Buffer>>();
  const asked: string[] = [];
  const objects = new Map<string, Buffer>();
  const parts = new Map<string, Buffer[]>();
  const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
  let uploads = 0;
  const server: Server = createServer((request, response) => {
    void answer(request).then(
      (result) => {
        if (result === 'broken') return void request.socket.destroy();
        const { status = 200, json = {}, headers = {} } = result;
        response.writeHead(status, { 'content-type': 'application/json', ...headers });
        response.end(JSON.stringify(json));
      },
      (error: unknown) => {
        response.writeHead(500).end(String(error));
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const hub: HubServer = {
    ...{ url, models, asked },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => {
          resolve();
        });
      }),
  };
  return hub;

  async function answer(
    request: IncomingMessage,
  ): Promise<{ status?: number; json?: unknown; headers?: Record<string, string> } | 'broken'> {
    const { pathname } = new URL(request.url!, url);
    asked.push(`${request.method!} ${pathname}`);
    const storage = /^\/lfs\/([0-9a-f]+)\/(\d+|done)$/.exec(pathname);
    if (storage && request.method === 'PUT' && ++uploads === hub.breakUpload) return 'broken';
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    if (storage) return store(storage[1]!, storage[2]!, body);
    if (request.headers.authorization !== `Bearer ${token}`)
      return { status: 401, json: { error: 'Invalid user token.' } };
    if (pathname === '/api/repos/create') {
      const { organization, name } = JSON.parse(body.toString()) as Record<string, string>;
      models.set(`${organization!}/${name!}`, new Map());
      return { json: { url: `${url}/${organization!}/${name!}` } };
    }
    const [, repository = '', task = ''] =
      /^\/(?:api\/models\/)?([^/]+\/[^/.]+)(?:\.git)?(.*)$/.exec(pathname) ?? [];
    const model = models.get(repository);
    if (model === undefined) return { status: 404, json: { error: 'Repository not found' } };
    if (task === '') return { json: { id: repository } };
    if (task === '/tree/main') return { json: [...model].map(([path, data]) => entry(path, data)) };
    if (task === '/preupload/main') {
      const { files } = JSON.parse(body.toString()) as { files: { path: string; size: number }[] };
      const modes = files.map(({ path, size }) => ({ path, uploadMode: size < 1000 ? 'regular' : 'lfs' }));
      return { json: { files: modes } };
    }
    if (task === '/info/lfs/objects/batch') {
      const batch = JSON.parse(body.toString()) as { objects: { oid: string; size: number }[] };
      return { json: { transfer: 'basic', objects: batch.objects.map(upload) } };
    }
    if (task === '/commit/main') {
      const lines = body
        .toString()
        .split('\n')
        .map((line) => JSON.parse(line) as CommitLine);
      for (const { key, value } of lines) {
        if (key === 'file') model.set(value.path, Buffer.from(value.content!, 'base64'));
        if (key === 'lfsFile') model.set(value.path, objects.get(value.oid!)!);
      }
      return { json: { commitOid: 'c0ffee', commitUrl: `${url}/${repository}/commit/c0ffee` } };
    }
    return { status: 404, json: { error: `no ${pathname}` } };
  }

  function entry(path: string, data: Buffer): object {
    const git = createHash('sha1').update(`blob ${data.length}\0`).update(data).digest('hex');
    const lfs = data.length < 1000 ? {} : { lfs: { oid: sha256(data), size: data.length, pointerSize: 130 } };
    return { type: 'file', path, oid: git, size: data.length, ...lfs };
  }

  /** How an object is uploaded: not again where it is there, in parts where it is large. */
  function upload({ oid, size }: { oid: string; size: number }): object {
    if (objects.has(oid)) return { oid, size };
    const count = Math.ceil(size / partSize);
    if (count === 1) return { oid, size, actions: { upload: { href: `${url}/lfs/${oid}/1` } } };
    const places = Array.from({ length: count }, (_, i) => [String(i + 1), `${url}/lfs/${oid}/${i + 1}`]);
    const header = {
      chunk_size: String(partSize),
      ...(Object.fromEntries(places) as Record<string, string>),
    };
    return { oid, size, actions: { upload: { href: `${url}/lfs/${oid}/done`, header } } };
  }

  function store(
    oid: string,
    part: string,
    body: Buffer,
  ): { headers?: Record<string, string>; status?: number } {
    const received = parts.get(oid) ?? [];
    parts.set(oid, received);
    if (part !== 'done') received[Number(part) - 1] = body;
    const whole = Buffer.concat(received.filter(Boolean));
    if (sha256(whole) === oid) objects.set(oid, whole);
    else if (part === 'done') return { status: 400 };
    return { headers: { etag: `"${part}"` } };
  }
}

interface CommitLine {
  readonly key: 'header' | 'file' | 'lfsFile';
  readonly value: { readonly path: string; readonly content?: string; readonly oid?: string };
}
