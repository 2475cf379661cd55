import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { askPython, findPython, testSeed, testWhere } from '@toco/testing';
import { cocoFile, cocoParts } from '../../src/annotations/coco-annotations.js';
import { labelMeFile } from '../../src/annotations/labelme-annotations.js';
import { temporaryFolder, writeTree } from '../folder.js';
import { blobs, leastIou } from './blobs.js';

// The tools' own libraries as readers of what is written for them; scripts/long/annotations.js installs them.
const python = findPython('labelme', 'pycocotools', 'numpy');
const map = blobs(testSeed, [160, 120]);
const classes = ['cat', 'dog', 'bird'];

testWhere(
  test,
  python !== undefined,
  'no Python with labelme and pycocotools, see TOCO_TEST_PYTHON',
)('LabelMe and pycocotools draw what was written for them', async () => {
  const folder = await temporaryFolder();
  const coco = Buffer.concat([
    ...cocoFile([{ ...map, fileName: 'a.jpg', parts: cocoParts(map, 'rle') }], classes),
  ]);
  await writeTree(folder, {
    'a.json': labelMeFile(map, { imagePath: 'a.jpg', classes }),
    'coco.json': coco,
  });
  const script = `
import contextlib, io, json, sys, numpy as np
from pycocotools.coco import COCO
from labelme.utils import shape_to_mask
root = sys.argv[1]
document = json.load(open(root + '/a.json'))
h, w = document['imageHeight'], document['imageWidth']
names = ['cat', 'dog', 'bird']
drawn = np.zeros((h, w), np.uint8)
for shape in document['shapes']: drawn[shape_to_mask((h, w), shape['points'], shape['shape_type'])] = names.index(shape['label']) + 1
with contextlib.redirect_stdout(io.StringIO()): coco = COCO(root + '/coco.json')
exact = np.zeros((h, w), np.uint8)
for a in coco.loadAnns(coco.getAnnIds()): exact[coco.annToMask(a) > 0] = a['category_id']
print(json.dumps([drawn.ravel().tolist(), exact.ravel().tolist()]))`;
  const [drawn, exact] = askPython(python!, script, [join(folder)]) as [number[], number[]];
  expect(exact).toEqual([...map.data.map((label) => (label === 255 ? 0 : label))]);
  const iou = leastIou({ ...map, data: Uint8Array.from(drawn) }, map);
  console.log(`least IoU of a class in LabelMe's own drawing: ${iou.toFixed(4)}`);
  // Pillow draws outlines too, about half a pixel around.
  expect(iou).toBeGreaterThan(0.8);
});
