import { type Dataset, randomStream, sampleList, vocClasses } from '@toco/datasets';

const side = 144;
const cell = 12;
const images = 4;
const classes = vocClasses.slice(0, 5);

/** Mosaics of colors on whole pixels, which every version of every decoder draws alike. */
function mosaic(index: number): string {
  const random = randomStream(0, 0, index);
  const rectangles: string[] = [];
  for (let y = 0; y < side; y += cell) {
    for (let x = 0; x < side; x += cell) {
      // Darker to the lower right, so that there is more than noise to tell images apart by.
      const level = (): number => Math.max(0, random.integer(60, 255) - Math.floor((x + y) / 5));
      const fill = `rgb(${level()},${level()},${level()})`;
      rectangles.push(`<rect x="${x}" y="${y}" width="${cell}" height="${cell}" fill="${fill}"/>`);
    }
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}" shape-rendering="crispEdges">${rectangles.join('')}</svg>`;
}

/** A handful of images with labels, to try a step on: the same everywhere. */
export function tryData(): Dataset {
  const samples = Array.from({ length: images }, (_, i) => ({
    id: `mosaic ${i}`,
    image: { name: `mosaic ${i}`, svg: mosaic(i) },
    labels: Uint8Array.from(classes, (_, c) => (c === i || c === i + 1 ? 1 : 0)),
  }));
  return {
    name: 'mosaics',
    classes,
    lists: { train: 'train', val: 'train' },
    list: (name) => Promise.resolve(sampleList(name, classes, samples)),
  };
}
