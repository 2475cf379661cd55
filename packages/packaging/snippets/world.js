// The files that documents speak of, as small as can be: a data set of VOC's layout, photographs of one's own, a trained run.
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeDrawing, encodeJpeg, vocClasses } from '../../datasets/dist/index.js';
import { encodeLabelPng } from '../../formats/dist/index.js';

const size = { width: 64, height: 48 };

/** What makes a run of seconds of a recipe for a GPU. */
export const small = [
  'backbone.name=vit_mini_patch8_96',
  'backbone.weights=none',
  'views.cropSize=48',
  'localCrops={size: 16, count: 2}',
  'network={decoderDim: 8, projection: {hidden: 16, bottleneck: 8, out: 16}}',
  'optimizer.iterations=2',
  'cam.scales=[1]',
  'optimizer.warmup=1',
  'phases=[{from: 0, weights: {cls: 1, clsAux: 1, ptc: 0.2, ctc: 0.5, seg: 0.1, reg: 0.05}}]',
  'batchSize=2',
  'evaluation={every: 2, size: 48, limit: 2}',
  'run.checkpointEvery=2',
  'engine.compile=false',
  'data.workers=1',
];

/** An object of a class on a background of noise, and its mask. */
function drawn(label, seed) {
  const { width, height } = size;
  const image = new Uint8Array(3 * width * height);
  const mask = new Uint8Array(width * height);
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    const inside = x > 12 + seed && x < 40 + seed && y > 10 && y < 36;
    mask[i] = inside ? label : 0;
    for (let c = 0; c < 3; c++)
      image[3 * i + c] = inside ? 60 * ((label + c) % 4) : (x * 7 + y * 13 + seed * 5) % 97;
  }
  return { image: { ...size, data: image }, mask: { ...size, data: mask } };
}

async function photograph(path, label, seed) {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, await encodeJpeg(drawn(label, seed).image, size));
}

/** VOC's layout with the ids that documents name. */
async function vocLike(root) {
  const lists = {
    train: ['2007_000032', '2007_000039'],
    train_aug: ['2007_000032', '2007_000039', '2007_000063', '2007_000068'],
    val: ['2007_000033', '2007_000042'],
  };
  for (const folder of ['JPEGImages', 'SegmentationClass', 'SegmentationClassAug', 'ImageSets/Segmentation'])
    mkdirSync(join(root, folder), { recursive: true });
  const labels = {};
  for (const [index, id] of [...new Set(Object.values(lists).flat())].entries()) {
    const label = 1 + (index % 20);
    const { image, mask } = drawn(label, index);
    writeFileSync(join(root, `JPEGImages/${id}.jpg`), await encodeJpeg(image, size));
    for (const folder of ['SegmentationClass', 'SegmentationClassAug'])
      writeFileSync(join(root, `${folder}/${id}.png`), encodeLabelPng(mask));
    labels[id] = [vocClasses[label - 1]];
  }
  for (const [name, ids] of Object.entries(lists))
    writeFileSync(join(root, `ImageSets/Segmentation/${name}.txt`), `${ids.join('\n')}\n`);
  const annotation = (name) =>
    `<annotation><size><width>64</width><height>48</height></size><object><name>${name}</name></object></annotation>`;
  mkdirSync(join(root, 'Annotations'));
  for (const [id, [name]] of Object.entries(labels))
    writeFileSync(join(root, `Annotations/${id}.xml`), annotation(name));
}

/** LabelMe's JSON of a photograph with one polygon. */
const labelMe = (imagePath, label) =>
  JSON.stringify({
    ...{ version: '5.5.0', flags: {}, imagePath, imageData: null, imageHeight: 48, imageWidth: 64 },
    shapes: [
      {
        label,
        points: [
          [12, 10],
          [40, 10],
          [40, 36],
          [12, 36],
        ],
        group_id: null,
        shape_type: 'polygon',
        flags: {},
      },
    ],
  });

/**
 * Makes all of it in a folder.
 *
 * @param run trains: gets arguments of `toco`
 */
export async function makeWorld(folder, repository, run) {
  process.chdir(folder);
  await vocLike('VOCdevkit/VOC2012');
  for (const [label, name] of ['circle', 'square', 'triangle'].entries())
    for (let i = 0; i < 3; i++) await photograph(`photos/${name}/scene-${label}${i}.jpg`, label + 1, i);
  for (let i = 0; i < 4; i++) {
    await photograph(`pets/${i}.jpg`, 1 + (i % 2), i);
    writeFileSync(`pets/${i}.json`, labelMe(`${i}.jpg`, i % 2 === 0 ? 'cat' : 'dog'));
    await photograph(`flowers/${i % 2 === 0 ? 'rose' : 'tulip'}/${i}.jpg`, 1 + (i % 2), i);
  }
  await photograph('photo.jpg', 1, 3);
  mkdirSync('more');
  writeFileSync(
    'more/a.png',
    await encodeDrawing(
      '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48"><rect x="9" y="9" width="30" height="30" fill="#a22"/></svg>',
    ),
  );
  symlinkSync(join(repository, 'examples'), 'examples');
  for (const name of ['fully-supervised', 'second-stage', 'semi-supervised'])
    cpSync(join(repository, `examples/voc-train/${name}.yaml`), `${name}.yaml`);
  writeFileSync('voc.yaml', readFileSync(join(repository, 'examples/voc-train/deit-base.yaml')));
  await run([
    'train',
    '--config',
    'voc.yaml',
    '--data',
    'VOCdevkit/VOC2012',
    '--out',
    'runs/voc',
    '--set',
    ...small,
  ]);
  await run(['train', '--data', 'pets', '--out', 'runs/pets', '--set', ...small]);
  await run(['init', 'photos']);
  cpSync('runs/voc/checkpoints/iteration-000002/model.safetensors', 'model.safetensors');
  for (const name of ['toco', 'baseline', 'voc-deit-base'])
    cpSync('runs/voc', `runs/${name}`, { recursive: true });
}
