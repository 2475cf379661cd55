import { html, trusted } from '../markup.js';
import { dataAddress } from '../picture-row.js';
import { marksSvg } from '../marks.js';
import type { FigurePicture } from '../figure-picture.js';
import type { FigureRow } from './shown-figures.js';

/** Pixels of a column of pictures, and of what is between. */
const [column, gap, line] = [260, 10, 22];

/**
 * Rows of pictures as one drawing, as a figure of a paper: columns have one width, titles stand above the first row, and
 * above others where they differ.
 */
export function pictureSheet(rows: readonly FigureRow[]): string {
  const columns = Math.max(...rows.map(({ pictures }) => pictures.length));
  const parts: string[] = [];
  let top = gap;
  let titles: string | undefined;
  for (const { pictures } of rows) {
    const heights = pictures.map(({ width, height }) => (column * height) / width);
    const key = pictures.map(({ title }) => title).join('\n');
    if (key !== titles) {
      titles = key;
      parts.push(
        ...pictures.map(
          ({ title }, i) =>
            html`<text
              x="${leftOf(i) + column / 2}"
              y="${top + 15}"
              text-anchor="middle"
              font-family="sans-serif"
              font-size="14"
              fill="#222222"
              >${title}</text
            >`.markup,
        ),
      );
      top += line;
    }
    parts.push(...pictures.map((picture, i) => placed(picture, leftOf(i), top)));
    top += Math.max(...heights) + gap;
  }
  return drawing({ width: leftOf(columns), height: Math.ceil(top) }, parts.join(''));
}

const leftOf = (i: number): number => gap + i * (column + gap);

function placed(picture: FigurePicture, x: number, y: number): string {
  const { width, height, marks = [] } = picture;
  return html`<g transform="translate(${x} ${y}) scale(${column / width})">
    <image width="${width}" height="${height}" href="${trusted(dataAddress(picture))}" />
    ${marksSvg(marks, Math.max(width, height) / 100)}
  </g>`.markup;
}

/** An SVG file on white. */
export function drawing({ width, height }: { width: number; height: number }, content: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<rect width="100%" height="100%" fill="#ffffff"/>
${content}
</svg>
`;
}
