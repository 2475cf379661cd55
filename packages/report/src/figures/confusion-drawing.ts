import { html } from '../markup.js';
import { drawing } from './sheet.js';
import type { ConfusionFigure } from './shown-figures.js';

/** Shares above this are written into their cells where there are few. */
const [cell, label, head] = [30, 110, 110];

/** The share of each true class (a row) that is predicted as each class (a column), as a drawing. */
export function confusionDrawing(
  { numClasses, counts }: ConfusionFigure,
  classes: readonly string[],
): string {
  const names = ['background', ...classes];
  const side = Math.max(12, Math.min(cell, Math.floor(760 / numClasses)));
  const shares = rowShares(counts, numClasses);
  const size = Math.min(12, 0.62 * side);
  const parts: string[] = [];
  for (let row = 0; row < numClasses; row++) {
    const y = head + row * side;
    parts.push(
      html`<text
        x="${label - 6}"
        y="${y + 0.68 * side}"
        text-anchor="end"
        font-family="sans-serif"
        font-size="${size}"
        fill="${shares[row] === undefined ? '#999999' : '#222222'}"
        >${names[row]!}</text
      >`.markup,
      html`<text
        x="${label + (row + 0.68) * side}"
        y="${head - 6}"
        font-family="sans-serif"
        font-size="${size}"
        fill="#222222"
        transform="rotate(-60 ${label + (row + 0.68) * side} ${head - 6})"
        >${names[row]!}</text
      >`.markup,
    );
    for (let column = 0; column < numClasses; column++) {
      const share = shares[row]?.[column];
      const x = label + column * side;
      parts.push(
        html`<rect
          x="${x}"
          y="${y}"
          width="${side - 1}"
          height="${side - 1}"
          fill="${share === undefined ? '#f4f4f4' : shade(share, row === column)}"
          ><title>
            ${names[row]!} as ${names[column]!}${share === undefined ? '' : `: ${percentOf(share)} %`}
          </title></rect
        >`.markup,
      );
      if (share !== undefined && share >= 0.01 && side >= 24)
        parts.push(
          html`<text
            x="${x + side / 2}"
            y="${y + 0.64 * side}"
            text-anchor="middle"
            font-family="sans-serif"
            font-size="${0.38 * side}"
            fill="${share > 0.55 ? '#ffffff' : '#222222'}"
            >${percentOf(share)}</text
          >`.markup,
        );
    }
  }
  const extent = { width: label + numClasses * side + 50, height: head + numClasses * side + 10 };
  return drawing(extent, parts.join('\n'));
}

/** Each row's shares; undefined where the truth has no such class. */
export function rowShares(counts: ArrayLike<number>, numClasses: number): (number[] | undefined)[] {
  return Array.from({ length: numClasses }, (_, row) => {
    const cells = Array.from({ length: numClasses }, (_, column) => counts[row * numClasses + column]!);
    const sum = cells.reduce((total, count) => total + count, 0);
    return sum === 0 ? undefined : cells.map((count) => count / sum);
  });
}

const percentOf = (share: number): string => {
  const percent = 100 * share;
  return percent >= 10 || percent === 0 ? percent.toFixed(0) : percent.toFixed(1);
};

/** Right is blue, wrong is red; white is nothing. */
function shade(share: number, right: boolean): string {
  const [r, g, b] = right ? [29, 95, 208] : [200, 50, 40];
  // Small shares of wrong pixels are what one looks for: a root makes them visible.
  const depth = Math.sqrt(share);
  const mixed = [r, g, b].map((value) => Math.round(255 + depth * (value - 255)));
  return `rgb(${mixed.join(',')})`;
}
