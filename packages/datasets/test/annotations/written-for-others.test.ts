import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { decodeNpy, decodeNpyObjects, encodeLabelPng, isNDArray } from '@toco/formats';
import { askPython, findPython, testNumbers, testWhere } from '@toco/testing';
import { encodeCams } from '../../src/annotations/cam-dictionary.js';
import { cocoFile, cocoParts } from '../../src/annotations/coco-annotations.js';
import { cvatFile } from '../../src/annotations/cvat-annotations.js';
import { maskList } from '../../src/annotations/mask-list.js';
import { encodeProbabilities } from '../../src/annotations/probability-array.js';
import { readInstances } from '../../src/annotations/coco-annotations.js';
import { temporaryFolder, writeTree } from '../folder.js';

const folder = await temporaryFolder();
const missing = 'no Python with numpy, Pillow and pycocotools, see TOCO_TEST_PYTHON';
const python = findPython('numpy', 'PIL', 'pycocotools');
const [width, height] = [9, 6];
const values = Float32Array.from({ length: width * height * 2 }, testNumbers(5));
const cams = { width, height, classes: [3, 14], data: values };
const map = {
  width,
  height,
  data: Uint8Array.from('111111000100001222111111222000000555220000585220000555'.split('').map(Number)).map(
    (label) => (label === 8 ? 255 : label),
  ),
};
const classes = ['cat', 'dog', 'bird', 'fish', 'cow'];

test('dictionaries by class: planes of the classes, numbered from 0', () => {
  const {
    values: [dictionary],
  } = decodeNpyObjects(encodeCams(cams, 'psa'));
  expect([...(dictionary as Map<number, unknown>).keys()]).toEqual([3, 14]);
  const plane = (dictionary as Map<number, unknown>).get(14);
  expect(isNDArray(plane) && plane.shape).toEqual([height, width]);
  expect(isNDArray(plane) && plane.data[width + 2]).toBe(values[2 * (width + 2) + 1]);
});

test('probabilities of 8 bits are within half a step', () => {
  const probabilities = { width, height, channels: 2, data: values };
  const exact = decodeNpy(encodeProbabilities(probabilities, { bits: 32 }));
  const rough = decodeNpy(encodeProbabilities(probabilities, { bits: 8 }));
  expect(rough).toMatchObject({ dtype: 'uint8', shape: [2, height, width] });
  exact.data.forEach((value, i) => {
    expect(Math.abs(Number(rough.data[i]) / 255 - Number(value))).toBeLessThanOrEqual(0.5 / 255 + 1e-7);
  });
});

test('lists', () => {
  const masks = [{ id: 'a/1', image: 'images/a/1.jpg', mask: 'masks/a/1.png' }];
  expect(maskList(masks, 'mmsegmentation')).toBe('a/1\n');
  expect(maskList(masks, 'deeplab')).toBe('/images/a/1.jpg /masks/a/1.png\n');
});

test.each(['rle', 'polygons'] as const)('our own reader reads COCO of %s', async (form) => {
  const parts = cocoParts(map, form);
  const text = Buffer.concat([...cocoFile([{ fileName: 'a.jpg', width, height, parts }], classes)]);
  await writeTree(folder, { [`${form}.json`]: text });
  const { images, categories } = await readInstances(join(folder, `${form}.json`));
  expect([...categories]).toEqual(classes.map((name, i) => [i + 1, name]));
  expect(images.get(1)).toMatchObject({ fileName: 'a.jpg', width, height });
  expect(images.get(1)!.objects.map(({ category, area }) => [category, area])).toEqual(
    parts.map(({ category_id, area }) => [category_id, area]),
  );
});

test('a file without images and one without annotations are JSON', () => {
  const parsed = (images: Parameters<typeof cocoFile>[0]): unknown =>
    JSON.parse(Buffer.concat([...cocoFile(images, ['cat'])]).toString());
  expect(parsed([])).toMatchObject({ images: [], annotations: [] });
  expect(parsed([{ fileName: 'a', width: 1, height: 1, parts: [] }])).toMatchObject({ annotations: [] });
});

test('ids of images are their places, or the numbers that they keep', () => {
  const size = { width: 2, height: 2 };
  const parts = cocoParts({ ...size, data: Uint8Array.of(0, 1, 0, 1) }, 'rle');
  const images = [{ fileName: 'a' }, { fileName: 'c', number: 3 }].map((one) => ({ ...one, ...size, parts }));
  const { images: listed, annotations } = JSON.parse(
    Buffer.concat([...cocoFile(images, ['cat'])]).toString(),
  ) as { images: { id: number }[]; annotations: { id: number; image_id: number }[] };
  expect(listed.map(({ id }) => id)).toEqual([1, 3]);
  expect(annotations.map(({ id, image_id: of }) => [id, of])).toEqual([
    [1, 1],
    [2, 3],
  ]);
  const xml = Buffer.concat([
    ...cvatFile(
      images.map((image) => ({ ...image, masks: [] })),
      ['cat'],
    ),
  ]);
  expect([...xml.toString().matchAll(/<image id="(\d+)"/g)].map(([, id]) => id)).toEqual(['0', '2']);
});

testWhere(
  test,
  python !== undefined,
  missing,
)('NumPy reads CAMs and probabilities', async () => {
  await writeTree(folder, {
    'irn.npy': encodeCams(cams, 'irn'),
    'psa.npy': encodeCams(cams, 'psa'),
    'mctformer.npy': encodeCams(cams, 'mctformer'),
    'p.npy': encodeProbabilities({ width, height, channels: 2, data: values }, { bits: 32 }),
    'p8.npy': encodeProbabilities({ width, height, channels: 2, data: values }, { bits: 8 }),
  });
  // Each file as the code of its project takes it: IRN's evaluation pads keys and CAMs by the background.
  const script = `
import json, sys, numpy as np
root = sys.argv[1]
load = lambda name: np.load(f'{root}/{name}.npy', allow_pickle=True)
irn = load('irn').item()
cams = np.pad(irn['high_res'], ((1, 0), (0, 0), (0, 0)), mode='constant', constant_values=0.5)
keys = np.pad(irn['keys'] + 1, (1, 0), mode='constant')
out = {'irn': keys[np.argmax(cams, axis=0)].tolist(), 'small': list(irn['cam'].shape), 'mean': float(irn['cam'][1, 0, 1]),
       'own': float(irn['high_res'][1, :4, 4:8].mean()), 'types': [str(irn[k].dtype) for k in ('keys', 'cam', 'high_res')]}
for name in ('psa', 'mctformer'):
    d = load(name).item()
    h, w = list(d.values())[0].shape
    tensor = np.zeros((21, h, w), np.float32)
    for key in d.keys(): tensor[key + 1] = d[key]
    tensor[0] = 0.5
    out[name] = np.argmax(tensor, axis=0).tolist()
out['p'] = [list(load('p').shape), float(load('p')[1, 2, 3])]
out['p8'] = [str(load('p8').dtype), int(np.abs(load('p8') - np.rint(255 * load('p'))).max())]
print(json.dumps(out))`;
  const labels = Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (__, x) => {
      const [a, b] = [values[2 * (y * width + x)]!, values[2 * (y * width + x) + 1]!];
      return Math.max(a, b) <= 0.5 ? 0 : a >= b ? 4 : 15;
    }),
  );
  const answer = askPython(python!, script, [folder]) as Record<string, unknown>;
  expect(answer).toMatchObject({ irn: labels, psa: labels, mctformer: labels, small: [2, 2, 3] });
  expect(answer['types']).toEqual(['int64', 'float32', 'float32']);
  expect(answer['mean']).toBeCloseTo(answer['own'] as number, 6);
  expect(answer['p']).toEqual([[2, height, width], values[2 * (2 * width + 3) + 1]]);
  expect(answer['p8']).toEqual(['uint8', 0]);
});

testWhere(
  test,
  python !== undefined,
  missing,
)('Pillow sees a palette and the labels', async () => {
  await writeTree(folder, { 'mask.png': encodeLabelPng(map) });
  const script = `
import json, sys, numpy as np
from PIL import Image
with Image.open(sys.argv[1] + '/mask.png') as mask:
    print(json.dumps([mask.mode, mask.getpalette()[3:6], mask.getpalette()[765:768], np.array(mask).ravel().tolist()]))`;
  expect(askPython(python!, script, [folder])).toEqual(['P', [128, 0, 0], [224, 224, 192], [...map.data]]);
});

testWhere(
  test,
  python !== undefined,
  missing,
)('pycocotools reads both forms alike', async () => {
  for (const form of ['rle', 'polygons'] as const) {
    const images = [
      { fileName: 'a.jpg', width, height, parts: cocoParts(map, form) },
      { fileName: 'b.jpg', width: 2, height: 2, parts: [] },
      { fileName: 'c.jpg', width, height, parts: cocoParts(map, form) },
    ];
    await writeTree(folder, { [`${form}.json`]: Buffer.concat([...cocoFile(images, classes)]) });
  }
  const script = `
import contextlib, io, json, sys, numpy as np
from pycocotools.coco import COCO
out = []
for form in ('rle', 'polygons'):
    with contextlib.redirect_stdout(io.StringIO()): coco = COCO(f'{sys.argv[1]}/{form}.json')
    drawn = np.zeros((${height}, ${width}), int)
    for a in coco.loadAnns(coco.getAnnIds(imgIds=[3])):
        mask = coco.annToMask(a)
        assert mask.sum() == a['area'] and a['iscrowd'] == 0
        rows, columns = np.nonzero(mask)
        assert a['bbox'] == [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
        drawn[mask > 0] = a['category_id']
    out.append([sorted(coco.anns), [c['name'] for c in coco.loadCats(coco.getCatIds())], len(coco.getAnnIds(imgIds=[2])), drawn.ravel().tolist()])
print(json.dumps(out))`;
  const one = [
    Array.from({ length: 2 * cocoParts(map, 'rle').length }, (_, i) => i + 1),
    classes,
    0,
    Array.from(map.data, (label) => (label === 255 ? 0 : label)),
  ];
  expect(askPython(python!, script, [folder])).toEqual([one, one]);
});
