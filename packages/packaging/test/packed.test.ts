import { afterAll, beforeAll, describe } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testExamples } from './examples.js';
import { packAll, type Tarball } from './pack.js';
import { testTarballs } from './tarballs.js';

// Packing takes a while: what is in the tarballs, and whether they work alone, is tested on the same ones.
let destination: string;
let tarballs: ReadonlyMap<string, Tarball>;

beforeAll(async () => {
  destination = await mkdtemp(join(tmpdir(), 'toco-packed-'));
  tarballs = await packAll(join(destination, 'tarballs'));
}, 900_000);
afterAll(() => rm(destination, { recursive: true }));

function tarball(name: string): Tarball {
  const found = tarballs.get(name);
  if (found === undefined) throw new Error(`${name} was not packed`);
  return found;
}

describe('Tarballs', () => {
  testTarballs(tarball);
});
describe('READMEs', () => {
  testExamples(tarball, (name) => join(destination, 'projects', name));
});
