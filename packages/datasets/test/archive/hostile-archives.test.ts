import { describe, expect, test } from '@jest/globals';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { mutationCount as count, testSeed } from '@toco/testing';
import { archiveMembers } from '../../src/archive/archive-members.js';
import { tarGuard } from '../../src/archive/tar-guard.js';
import { randomStream, type RandomStream } from '../../src/random/random.js';
import { extractVoc } from '../../src/voc/extract-voc.js';
import { temporaryFolder } from '../folder.js';
import { makeTar, type TestMember } from './make-tar.js';
import { makeZip } from './make-zip.js';

const folder = await temporaryFolder();
const root = join(folder, 'inner', 'VOC2012');
const members: TestMember[] = [
  { name: 'VOCdevkit/VOC2012/', type: 'directory' },
  { name: 'VOCdevkit/VOC2012/Annotations/a.xml', content: '<annotation></annotation>' },
  { name: `VOCdevkit/VOC2012/Annotations/${'long-'.repeat(30)}.xml`, content: '<annotation></annotation>' },
  { name: 'VOCdevkit/VOC2012/ImageSets/Segmentation/train.txt', content: 'a\nb\n' },
  { name: 'VOCdevkit/VOC2012/JPEGImages/a.jpg', content: 'not quite a photograph'.repeat(40) },
  { name: 'VOCdevkit/VOC2012/SegmentationClass/a.png', content: 'a mask' },
];

/** Some bytes changed, numbers of headers enlarged, a part cut out, repeated or cut off. */
function mutated(bytes: Uint8Array, random: RandomStream): Uint8Array {
  const out = Buffer.from(bytes);
  const at = random.integer(0, out.length - 1);
  const end = Math.min(out.length, at + random.integer(1, 600));
  switch (out.length < 2000 ? random.integer(4, 6) % 6 : random.integer(0, 5)) {
    case 0:
      return out.subarray(0, at);
    case 1:
      return Buffer.concat([out.subarray(0, at), out.subarray(end)]);
    case 2:
      return Buffer.concat([out.subarray(0, end), out.subarray(at)]);
    case 3: {
      // The size of a member, with a checksum of the header that is right again.
      const block = 512 * random.integer(0, Math.floor(out.length / 512) - 1);
      out.write(
        random.pick(['77777777777', '00000000000', '00000100000', '-1         ', '\xff\xff\xff']),
        block + 124,
        'latin1',
      );
      out.write(random.pick(['..//', '/etc', 'C:\\x', 'VOCd']), block, 'latin1');
      if (block + 512 <= out.length) writeChecksum(out.subarray(block, block + 512));
      return out;
    }
    default:
      for (let n = random.integer(1, 8); n > 0; n--)
        out[random.integer(0, out.length - 1)] = random.integer(0, 255);
      return out;
  }
}

function writeChecksum(header: Buffer): void {
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}

/** Reads every member, and sees that no name leads out of the archive. */
async function readAll(path: string): Promise<void> {
  for await (const member of archiveMembers(path)) {
    expect(member.name).not.toMatch(/^[/\\]|^[A-Za-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)/);
    if (member.isFile) expect((await member.read(2000)).length).toBeLessThanOrEqual(2000);
  }
}

describe('mutated archives', () => {
  const few = members.slice(0, 4);
  /** One of so many is extracted as well: that takes ten times as long. */
  const extracted = 50;

  test.each([
    ['tar', makeTar(few)],
    ['tar packed with gzip', makeTar(few).then((tar) => gzipSync(tar))],
    ['zip', Promise.resolve(makeZip(few))],
  ])(
    '%s: all are read or refused in one line',
    async (form, whole) => {
      const bytes = await whole;
      const path = join(folder, 'mutated');
      let refused = 0;
      const began = process.cpuUsage();
      for (let i = 0; i < count; i++) {
        // the first is whole: of packed ones, whatever is changed, hardly any other can be read
        await writeFile(path, i === 0 ? bytes : mutated(bytes, randomStream(testSeed, form.length, i)));
        try {
          await readAll(path);
          if (i % extracted === 0) await extractVoc(path, root);
        } catch (error) {
          expect(`${testSeed}, ${i}: ${(error as Error).message}`).toMatch(/^[^\n]*mutated: [^\n]+$/);
          refused++;
        }
        if (i % 1000 === 0) await rm(root, { recursive: true, force: true });
      }
      expect(refused).toBeGreaterThan(count / 5);
      expect(refused).toBeLessThan(count);
      expect(process.cpuUsage(began).user / 1000 / count).toBeLessThan(50); // milliseconds each
      expect((await readdir(folder)).sort()).toEqual(['inner', 'mutated']);
      expect((await readdir(join(folder, 'inner'))).filter((name) => name !== 'VOC2012')).toEqual([]);
    },
    300_000,
  );
});

describe('archiveMembers', () => {
  async function names(bytes: Uint8Array): Promise<string[]> {
    const path = join(folder, 'archive');
    await mkdir(folder, { recursive: true });
    await writeFile(path, bytes);
    const found: string[] = [];
    for await (const member of archiveMembers(path)) {
      const { name, isFile } = member;
      if (isFile) found.push(`${name}: ${Buffer.from(await member.read(2000)).toString()}`);
      else found.push(name);
    }
    return found;
  }

  test('reads tar, packed tar and zip alike', async () => {
    const expected = members.slice(1).map(({ name, content }) => `${name}: ${String(content)}`);
    for (const bytes of [await makeTar(members), gzipSync(await makeTar(members)), makeZip(members)]) {
      expect((await names(bytes)).slice(1)).toEqual(expected);
    }
  });

  test('refuses unsafe paths and wrong checksums of a zip, and tells links', async () => {
    await expect(names(makeZip([{ name: '../a' }]))).rejects.toThrow(/archive: [^\n]*\.\.\/a/);
    await expect(names(makeZip([{ name: '/a' }]))).rejects.toThrow(/archive: [^\n]*\/a/);
    expect(await names(makeZip([{ name: 'a', type: 'symlink', linkname: '/etc/passwd' }]))).toEqual(['a']);
    const zip = makeZip([{ name: 'a', content: 'b'.repeat(100) }]);
    const directory = Buffer.from(zip).lastIndexOf('PK\x01\x02');
    zip[directory + 16]! ^= 1;
    await expect(names(zip)).rejects.toThrow(/member a has a wrong checksum/);
  });

  test('wherever a tar is cut, it says so', async () => {
    const whole = await makeTar([{ name: 'a', content: 'b'.repeat(400_000) }, ...members]);
    const path = join(folder, 'cut');
    for (const bytes of [whole, gzipSync(whole, { level: 0 })]) {
      for (let length = 3; length < bytes.length - 1024; length += 40_009) {
        await writeFile(path, bytes.subarray(0, length));
        const work = async (): Promise<void> => {
          for await (const member of archiveMembers(path)) {
            // As when files are looked up and written meanwhile.
            await wait(2);
            await member.read(500_000);
          }
        };
        await expect(work()).rejects.toThrow(`${path}: the archive is cut short; fetch it again`);
      }
    }
  });

  test('a tar may unpack to so much, and has its end mark', async () => {
    const pass = (bytes: Uint8Array): Promise<void> =>
      pipeline(Readable.from([bytes.subarray(0, 700), bytes.subarray(700)]), tarGuard(2000), async (out) => {
        for await (const part of out) void part;
      });
    await pass(Buffer.alloc(2000));
    await expect(pass(Buffer.alloc(2001))).rejects.toThrow('unpacks to more than 2000 bytes');
    await expect(pass(Buffer.alloc(1900, 1).fill(0, 876))).resolves.toBeUndefined();
    await expect(pass(Buffer.alloc(1900, 1).fill(0, 877))).rejects.toThrow('the end mark is missing');
  });
});
