import { html, type Markup } from './markup.js';
import type { Mark } from './figure-picture.js';

/** Marks as SVG in the coordinates of their picture; `unit` is about a hundredth of its longer side. */
export function marksSvg(marks: readonly Mark[], unit: number): Markup {
  return html`${marks.map((mark) => (mark.kind === 'box' ? box(mark, unit) : point(mark, unit)))}`;
}

function box({ y, x, width, height, color, label }: Extract<Mark, { kind: 'box' }>, unit: number): Markup {
  const line = 0.9 * unit;
  return html`<rect
      x="${x + line / 2}"
      y="${y + line / 2}"
      width="${width - line}"
      height="${height - line}"
      fill="none"
      stroke="${color}"
      stroke-width="${line}"
    />
    <rect x="${x}" y="${y}" width="${6 * unit}" height="${6 * unit}" fill="${color}" />
    <text
      x="${x + 3 * unit}"
      y="${y + 4.8 * unit}"
      text-anchor="middle"
      font-family="sans-serif"
      font-weight="bold"
      font-size="${5.4 * unit}"
      fill="#ffffff"
      >${label}</text
    >`;
}

function point({ y, x }: Extract<Mark, { kind: 'point' }>, unit: number): Markup {
  return html`<circle
    cx="${x}"
    cy="${y}"
    r="${2 * unit}"
    fill="#ffffff"
    stroke="#111111"
    stroke-width="${0.8 * unit}"
  />`;
}
