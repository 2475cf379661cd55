import { expect, test } from '@jest/globals';
import { sampleList, type Sample } from '../src/index.js';
import { fileURLToPath } from 'node:url';
import { validationList } from '../src/loader/validation-list.js';

const here = fileURLToPath(import.meta.url);
const sample = (id: string, mask?: Sample['mask']): Sample => ({
  id,
  image: { path: here },
  labels: Uint8Array.of(1),
  ...(mask && { mask }),
});
const [there, drawn, none] = [sample('a', { path: here }), sample('b', { name: 'b', svg: '' }), sample('c')];

function listed(...samples: Sample[]): { ids: string[]; lines: string[] } {
  const lines: string[] = [];
  const list = validationList(sampleList('val', ['cat'], samples), (line) => lines.push(line));
  return { ids: Array.from({ length: list.length }, (_, i) => list.sample(i).id), lines };
}

test('images without a mask are left out, and that is said', () => {
  expect(listed(there, drawn)).toEqual({ ids: ['a', 'b'], lines: [] });
  expect(listed(none, there, none, drawn)).toEqual({
    ids: ['a', 'b'],
    lines: ['Validation on 2 of 4 images of the list val: the others have no mask.'],
  });
  expect(listed(none)).toEqual({
    ids: ['c'],
    lines: ['No image of the list val has a mask: validation measures F1 and token similarity, no mIoU.'],
  });
});

test('a mask that should be there is told before anything is computed', () => {
  expect(() => listed(there, sample('d', { path: '/nowhere/d.png' }))).toThrow(
    '/nowhere/d.png: the mask does not exist; validation on the list val needs it.',
  );
});
