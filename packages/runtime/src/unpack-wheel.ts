import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { open, type Entry, type ZipFile } from 'yauzl';
import { progress, type Print } from './progress.js';

/** The two libraries, the headers that the binding includes, and what CUDA needs at run time. */
const wanted = [
  /^tensorflow\/libtensorflow_(?:cc|framework)\.so\.2$/,
  /^tensorflow\/include\/tensorflow\/c\/(?:eager\/c_api|c_api\w*|tf_\w+)\.h$/,
  /^tensorflow\/include\/(?:tensorflow\/core|tsl)\/platform\/ctstring\w*\.h$/,
  /^tensorflow\/include\/xla\/tsl\/c\/\w+\.h$/,
  /^nvidia\/(?!.*(?:\/include\/|\.(?:py|a|h)$))/,
];

const openZip = promisify<string, { lazyEntries: true; autoClose: false }, ZipFile>(open);

/** Unpacks the wanted files of a wheel, side by side as pip would, so that its libraries find each other. */
export async function unpackWheel(path: string, folder: string, label: string, print: Print): Promise<void> {
  const zip = await openZip(path, { lazyEntries: true, autoClose: false });
  try {
    const entries = (await listEntries(zip)).filter(({ fileName }) =>
      wanted.some((name) => name.test(fileName)),
    );
    const total = entries.reduce((bytes, entry) => bytes + entry.uncompressedSize, 0);
    const show = progress(`Unpacking ${label}`, total, print);
    const read = promisify<Entry, Readable>(zip.openReadStream.bind(zip));
    let done = 0;
    for (const entry of entries) {
      const target = join(folder, entry.fileName);
      await mkdir(dirname(target), { recursive: true });
      const source = await read(entry);
      source.on('data', (chunk: Buffer) => {
        show((done += chunk.length));
      });
      // A zip keeps the Unix mode in the upper half; CUDA's compiler must stay executable.
      const mode = (entry.externalFileAttributes >>> 16) & 0o777;
      await pipeline(source, createWriteStream(target, { mode: mode === 0 ? 0o644 : mode | 0o600 }));
    }
  } finally {
    zip.close();
  }
}

function listEntries(zip: ZipFile): Promise<Entry[]> {
  return new Promise((resolve, reject) => {
    const entries: Entry[] = [];
    zip.on('entry', (entry: Entry) => {
      if (!entry.fileName.endsWith('/')) entries.push(entry);
      zip.readEntry();
    });
    zip.once('end', () => {
      resolve(entries);
    });
    zip.once('error', reject);
    zip.readEntry();
  });
}
