import { describe, expect, test } from '@jest/globals';
import { encodeLabelDictionary } from '@toco/formats';
import { join } from 'node:path';
import { readLabelFile } from '../../src/annotations/label-file.js';
import { temporaryFolder, writeTree } from '../folder.js';

const folder = await temporaryFolder();
const classes = ['cat', 'dog', 'sheep'];

async function read(name: string, content: Uint8Array | string): ReturnType<typeof readLabelFile> {
  await writeTree(folder, { [name]: content });
  return readLabelFile(join(folder, name), classes);
}

describe('readLabelFile', () => {
  const expected = new Map([
    ['a', Uint8Array.of(1, 0, 1)],
    ['b', Uint8Array.of(0, 1, 0)],
  ]);

  test('npy and JSON say the same', async () => {
    const dictionary = new Map(Array.from(expected, ([id, labels]) => [id, Float32Array.from(labels)]));
    expect(await read('labels.npy', encodeLabelDictionary(dictionary))).toEqual(expected);
    expect(await read('labels.json', '{ "a": ["sheep", "cat"], "b": ["dog"] }')).toEqual(expected);
  });

  test.each([
    ['labels.json', '{ "a": ["cow"] }', /labels\.json, a: "cow" is none of the classes cat, dog, sheep$/],
    ['labels.json', '{ "a": "cat" }', /labels\.json, a: not a list of class names$/],
    ['labels.json', '[1]', /labels\.json: not an object of class names by image id$/],
    [
      'labels.json',
      '{ "a": ["cat"], "b": ["cat", "{\\"a\\": "], "a": ["dog"] }',
      /labels\.json, a: stands there twice; write all its classes in one list$/,
    ],
    ['labels.json', '{ "a": ', /labels\.json: [^\n]+$/],
    ['labels.npy', 'text', /labels\.npy: [^\n]+$/],
    ['labels.txt', 'a,cat', /labels\.txt: label files end in \.npy, \.json or \.csv$/],
  ])('%s %j is refused', async (name, content, message) => {
    await expect(read(name, content)).rejects.toThrow(message);
  });

  test('vectors of another length, values other than 0 and 1, and a missing file', async () => {
    const npy = (values: number[]): Uint8Array =>
      encodeLabelDictionary(new Map([['a', Float32Array.from(values)]]));
    await expect(read('x.npy', npy([0, 1]))).rejects.toThrow(/x\.npy, a: 2 labels for 3 classes$/);
    await expect(read('x.npy', npy([0, 1, 0.5]))).rejects.toThrow(
      /x\.npy, a: label 0\.5 of sheep is neither 0 nor 1$/,
    );
    await expect(readLabelFile(join(folder, 'none.npy'), classes)).rejects.toThrow(
      /none\.npy: the file does not exist$/,
    );
  });
});
