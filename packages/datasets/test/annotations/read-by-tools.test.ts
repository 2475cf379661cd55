import { expect, test } from '@jest/globals';
import { askPython, findPython, testSeed, testWhere } from '@toco/testing';
import { cocoFile, cocoParts } from '../../src/annotations/coco-annotations.js';
import { labelMeFile } from '../../src/annotations/labelme-annotations.js';
import { temporaryFolder, writeTree } from '../folder.js';
import { blobs, leastIou } from './blobs.js';

// The tools' own libraries as readers of what is written for them; scripts/long/annotations.js installs them.
const python = findPython('pycocotools', 'numpy', 'PIL', 'loguru');
/** labelme is installed without its window and its models, which importing it whole would ask for. */
const hasLabelMe =
  python !== undefined &&
  askPython(
    python,
    "import importlib.util; print(int(importlib.util.find_spec('labelme') is not None))",
    [],
  ) === 1;
const folder = await temporaryFolder();
const map = blobs(testSeed, [160, 120]);
const classes = ['cat', 'dog', 'bird'];

testWhere(
  test,
  hasLabelMe,
  'no Python with labelme and pycocotools, see TOCO_TEST_PYTHON',
)('LabelMe and pycocotools draw what was written for them', async () => {
  const coco = Buffer.concat([
    ...cocoFile([{ ...map, fileName: 'a.jpg', parts: cocoParts(map, 'rle') }], classes),
  ]);
  await writeTree(folder, {
    'a.json': labelMeFile(map, { imagePath: 'a.jpg', classes }),
    'coco.json': coco,
  });
  const script = `
import contextlib, importlib.util, io, json, sys, types, numpy as np
from unittest.mock import MagicMock
from pycocotools.coco import COCO
def bare(name, folder):
    module = types.ModuleType(name)
    module.__path__, module.__version__ = [folder], ''
    sys.modules[name] = module
    return module
[place] = importlib.util.find_spec('labelme').submodule_search_locations
sys.modules['tifffile'] = MagicMock()
bare('labelme', place).utils = bare('labelme.utils', place + '/utils')
from labelme._label_file import _load_shape_json_obj
from labelme.utils.shape import shape_to_mask
root = sys.argv[1]
document = json.load(open(root + '/a.json'))
h, w = document['imageHeight'], document['imageWidth']
names = ['cat', 'dog', 'bird']
drawn = np.zeros((h, w), np.uint8)
for shape in map(_load_shape_json_obj, document['shapes']): drawn[shape_to_mask((h, w), shape['points'], shape['shape_type'])] = names.index(shape['label']) + 1
with contextlib.redirect_stdout(io.StringIO()): coco = COCO(root + '/coco.json')
exact = np.zeros((h, w), np.uint8)
for a in coco.loadAnns(coco.getAnnIds()): exact[coco.annToMask(a) > 0] = a['category_id']
print(json.dumps([drawn.ravel().tolist(), exact.ravel().tolist()]))`;
  const [drawn, exact] = askPython(python!, script, [folder]) as [number[], number[]];
  expect(exact).toEqual([...map.data.map((label) => (label === 255 ? 0 : label))]);
  const iou = leastIou({ ...map, data: Uint8Array.from(drawn) }, map);
  console.log(`least IoU of a class in LabelMe's own drawing: ${iou.toFixed(4)}`);
  // Pillow draws outlines too, about half a pixel around.
  expect(iou).toBeGreaterThan(0.8);
});
