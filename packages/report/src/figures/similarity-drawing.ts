import { html } from '../markup.js';
import { drawing } from './sheet.js';
import type { SimilarityLine } from './shown-figures.js';

/** Distinct in print, too: each line has a dash of its own. */
const strokes = [
  ['#1d5fd0', ''],
  ['#d2511c', '7 4'],
  ['#0c8a69', '2 3'],
  ['#8847c9', '9 3 2 3'],
  ['#b98500', '5 2'],
  ['#c2307a', '1 2'],
] as const;

const [width, height, left, right, top, bottom] = [560, 360, 56, 16, 16, 46];

/** Token similarity by block, a line for each run (paper, figure 2), as a drawing. */
export function similarityDrawing(lines: readonly SimilarityLine[]): string {
  const blocks = Math.max(...lines.map(({ values }) => values.length));
  const x = (block: number): number => left + ((width - left - right) * block) / Math.max(1, blocks - 1);
  const y = (value: number): number => top + (height - top - bottom) * (1 - Math.min(1, Math.max(0, value)));
  const text = (content: string, at: { x: number; y: number; anchor: string; turn?: number }): string =>
    html`<text
      x="${at.x}"
      y="${at.y}"
      text-anchor="${at.anchor}"
      font-family="sans-serif"
      font-size="13"
      fill="#333333"
      ${at.turn === undefined ? '' : html`transform="rotate(${at.turn} ${at.x} ${at.y})"`}
      >${content}</text
    >`.markup;
  const grid = [0, 0.2, 0.4, 0.6, 0.8, 1].map(
    (value) =>
      html`<line x1="${left}" x2="${width - right}" y1="${y(value)}" y2="${y(value)}" stroke="#dddddd" />`
        .markup + text(value.toFixed(1), { x: left - 8, y: y(value) + 4, anchor: 'end' }),
  );
  const ticks = Array.from({ length: blocks }, (_, block) =>
    text(String(block + 1), { x: x(block), y: height - bottom + 18, anchor: 'middle' }),
  );
  const drawn = lines.map(({ run, values }, i) => {
    const [color, dash] = strokes[i % strokes.length]!;
    const points = values.map((value, block) => `${x(block).toFixed(1)},${y(value).toFixed(1)}`);
    const row = height - bottom - 12 - 18 * (lines.length - 1 - i);
    return (
      html`<polyline
          points="${points.join(' ')}"
          fill="none"
          stroke="${color}"
          stroke-width="2.2"
          stroke-dasharray="${dash}"
        />
        ${values.map((value, block) => html`<circle cx="${x(block)}" cy="${y(value)}" r="3" fill="${color}" />`)}
        <line
          x1="${left + 12}"
          x2="${left + 44}"
          y1="${row - 4}"
          y2="${row - 4}"
          stroke="${color}"
          stroke-width="2.2"
          stroke-dasharray="${dash}"
        />`.markup + text(run, { x: left + 52, y: row, anchor: 'start' })
    );
  });
  return drawing(
    { width, height },
    [
      ...grid,
      ...ticks,
      ...drawn,
      text('block', { x: (left + width - right) / 2, y: height - 8, anchor: 'middle' }),
      text('mean cosine of patch tokens', {
        x: 16,
        y: (top + height - bottom) / 2,
        anchor: 'middle',
        turn: -90,
      }),
    ].join('\n'),
  );
}
