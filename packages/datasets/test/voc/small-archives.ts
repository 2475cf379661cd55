import { gzipSync } from 'node:zlib';
import { encodeLabelPng } from '@toco/formats';
import sharp from 'sharp';
import { makeTar, type TestMember } from '../archive/make-tar.js';
import { sbdMatFile } from './mat-file.js';

/** Size of all photographs here, pixels. */
export const [width, height] = [9, 6];

/** Ids of a small VOC and SBD: SBD repeats one training and one validation image of VOC, as the real one does. */
export const ids = {
  train: ['2007_000032', '2007_000039'],
  val: ['2007_000033', '2007_000042'],
  sbdTrain: ['2008_000002', '2007_000032', '2008_000008'],
  sbdVal: ['2007_000033', '2008_000003'],
  other: ['2008_000001'],
};

/** The lists' union without the validation images, sorted. */
export const trainAug = ['2007_000032', '2007_000039', '2008_000002', '2008_000003', '2008_000008'];

/** The class of an image, 1 … 20. */
export function classOf(id: string): number {
  return 1 + (Number(id.slice(-3)) % 20);
}

/** A mask with a block of the image's class; VOC's have a border of 255, SBD's a smaller block and no border. */
export function maskOf(id: string, source: 'voc' | 'sbd'): Uint8Array {
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const [y, x] = [Math.floor(i / width), i % width];
    if (source === 'sbd') return x >= 3 && y >= 2 ? classOf(id) : 0;
    return x === 2 ? 255 : x > 2 ? classOf(id) : 0;
  });
}

const names = ['aeroplane', 'bicycle', 'bird', 'boat', 'bottle', 'bus', 'car', 'cat', 'chair', 'cow'];
names.push(
  'diningtable',
  'dog',
  'horse',
  'motorbike',
  'person',
  'pottedplant',
  'sheep',
  'sofa',
  'train',
  'tvmonitor',
);

const lines = (list: readonly string[]): string => list.map((id) => `${id}\n`).join('');

/** The members of `VOCtrainval_11-May-2012.tar` in its order and with folders that are left out. */
export async function vocMembers(): Promise<TestMember[]> {
  const all = [...new Set(Object.values(ids).flat())].sort();
  const jpeg = (id: string): Promise<Buffer> =>
    sharp({ create: { width, height, channels: 3, background: { r: classOf(id) * 12, g: 90, b: 60 } } })
      .jpeg()
      .toBuffer();
  const png = (id: string): Uint8Array => encodeLabelPng({ width, height, data: maskOf(id, 'voc') });
  const root = 'VOCdevkit/VOC2012';
  return [
    { name: 'VOCdevkit/', type: 'directory' },
    { name: `${root}/`, type: 'directory' },
    { name: `${root}/Annotations/`, type: 'directory' },
    ...all.map((id) => ({
      name: `${root}/Annotations/${id}.xml`,
      content: `<annotation><object><name>${names[classOf(id) - 1]}</name><difficult>1</difficult></object></annotation>\n`,
    })),
    { name: `${root}/ImageSets/Main/aeroplane_train.txt`, content: '2007_000032 -1\n' },
    { name: `${root}/ImageSets/Segmentation/train.txt`, content: lines(ids.train) },
    { name: `${root}/ImageSets/Segmentation/trainval.txt`, content: lines([...ids.train, ...ids.val]) },
    { name: `${root}/ImageSets/Segmentation/val.txt`, content: lines(ids.val) },
    ...(await Promise.all(
      all.map(async (id) => ({ name: `${root}/JPEGImages/${id}.jpg`, content: await jpeg(id) })),
    )),
    ...[...ids.train, ...ids.val].flatMap((id) => [
      { name: `${root}/SegmentationClass/${id}.png`, content: png(id) },
      { name: `${root}/SegmentationObject/${id}.png`, content: png(id) },
    ]),
  ];
}

/** The members of `benchmark.tgz`. */
export function sbdMembers(): TestMember[] {
  const root = 'benchmark_RELEASE';
  return [
    { name: `${root}/`, type: 'directory' },
    { name: `${root}/BharathICCV2011.pdf`, content: 'a paper' },
    { name: `${root}/dataset/`, type: 'directory' },
    ...[...ids.sbdTrain, ...ids.sbdVal].flatMap((id) => [
      { name: `${root}/dataset/cls/${id}.mat`, content: sbdMatFile(maskOf(id, 'sbd'), height, width) },
      { name: `${root}/dataset/img/${id}.jpg`, content: 'a photograph' },
    ]),
    { name: `${root}/dataset/train.txt`, content: lines(ids.sbdTrain) },
    { name: `${root}/dataset/val.txt`, content: lines(ids.sbdVal) },
  ];
}

/** Both archives as files, by their owners' names. */
export async function smallArchives(): Promise<Record<string, Buffer>> {
  return {
    'VOCtrainval_11-May-2012.tar': await makeTar(await vocMembers()),
    'benchmark.tgz': gzipSync(await makeTar(sbdMembers())),
  };
}
