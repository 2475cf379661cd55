import type { FilledTable } from './filled-table.js';
import { tableGrid } from './table-grid.js';

/** Pixels: letters, lines, and what is between. */
const [size, small, line, pad, margin] = [15, 12, 27, 14, 24];

/** Mean width of a letter as a share of its size, and of a bold one. */
const [letter, boldLetter] = [0.58, 0.66];

const colors = {
  name: '#222222',
  ours: '#111111',
  paper: '#777777',
  rule: '#222222',
  note: '#666666',
} as const;

/** A table as a drawing (SVG), with rules as a paper's table has them; the paper's figures are grey. */
export function tableDrawing(filled: FilledTable): string {
  const { heads, rows, kinds } = tableGrid(filled);
  const widths = heads.map((head, i) => {
    const letters = Math.max(...rows.map((row) => row[i]!.length));
    return size * Math.max(boldLetter * head.length, letter * letters) + 2 * pad;
  });
  const title = `Table ${filled.table.number}. ${filled.table.title}`;
  const table = widths.reduce((sum, width) => sum + width, 0);
  const content = Math.max(table, boldLetter * size * title.length, 560);
  const lefts = widths.map((_, i) => margin + widths.slice(0, i).reduce((sum, width) => sum + width, 0));
  const parts: string[] = [
    text(title, { x: margin, y: margin + size, weight: 'bold' }),
    text('mIoU in percent', { x: margin, y: margin + size + 20, size: small, fill: colors.note }),
  ];
  let y = margin + size + 36;
  const rule = (thickness: number): void => {
    parts.push(
      `<line x1="${margin}" x2="${round(margin + table)}" y1="${y}" y2="${y}" stroke="${colors.rule}" stroke-width="${thickness}"/>`,
    );
  };
  const put = (cells: readonly string[], weight: 'bold' | 'normal'): void => {
    cells.forEach((cell, i) => {
      const isName = kinds[i] === 'name';
      const x = isName ? lefts[i]! + pad : lefts[i]! + widths[i]! - pad;
      const anchor = isName ? 'start' : 'end';
      parts.push(text(cell, { x, y: y + 19, anchor, weight, fill: colors[kinds[i]!] }));
    });
    y += line;
  };
  rule(2);
  put(heads, 'bold');
  rule(1);
  rows.forEach((row, i) => {
    if (filled.table.hasParts && i > 0 && row[0] !== rows[i - 1]![0]) rule(0.5);
    put(row, 'normal');
  });
  rule(2);
  y += 8;
  for (const note of filled.notes.flatMap((sentence) => wrapped(sentence, content / (0.54 * small)))) {
    y += 17;
    parts.push(text(note, { x: margin, y, size: small, fill: colors.note }));
  }
  const [width, height] = [Math.ceil(content + 2 * margin), Math.ceil(y + margin)];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<rect width="100%" height="100%" fill="#ffffff"/>
${parts.join('\n')}
</svg>
`;
}

interface TextStyle {
  readonly x: number;
  readonly y: number;
  readonly anchor?: 'start' | 'end';
  readonly weight?: 'bold' | 'normal';
  readonly size?: number;
  readonly fill?: string;
}

function text(content: string, style: TextStyle): string {
  const { x, y, anchor = 'start', weight = 'normal', size: fontSize = size, fill = colors.name } = style;
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" font-family="sans-serif" font-size="${fontSize}" font-weight="${weight}" fill="${fill}">${escaped}</text>`;
}

const round = (value: number): number => Math.round(10 * value) / 10;

/** Lines of at most so many letters. */
function wrapped(sentence: string, letters: number): string[] {
  const lines: string[] = [];
  for (const word of sentence.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= letters)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
