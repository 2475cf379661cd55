import { decodeElements, elementSize } from '../elements.js';
import { refuse } from '../format-error.js';
import { elementCount } from '../shape.js';
import { columnMajorStrides, gather } from '../strided.js';
import { type MatElement, unitType } from './element.js';

const utf8 = 16;

/** A character matrix, column by column in the file; its rows are separated by line ends here. */
export function characterRows(element: MatElement, shape: readonly number[], bigEndian: boolean): string {
  const count = elementCount(shape);
  const characters = readCharacters(element, count, bigEndian);
  if (characters.length !== count) {
    refuse(`MATLAB text [${shape.join()}] has ${characters.length} characters instead of ${count}`);
  }
  const ordered = gather(characters, shape, columnMajorStrides(shape), [...characters]);
  const width = shape.at(-1) ?? 0;
  const rows: string[] = [];
  for (let at = 0; width > 0 && at < count; at += width) rows.push(ordered.slice(at, at + width).join(''));
  return rows.join('\n');
}

/** Characters are counted by code points or by units of 16 bits, depending on the program that wrote them. */
function readCharacters({ type, bytes }: MatElement, count: number, bigEndian: boolean): string[] {
  if (type === utf8) {
    const text = new TextDecoder().decode(bytes);
    const points = Array.from(text);
    return points.length === count ? points : text.split('');
  }
  const stored = unitType(type);
  if (bytes.length % elementSize[stored] !== 0) refuse('MATLAB text ends within a character');
  return Array.from(decodeElements(bytes, stored, bigEndian) as Uint32Array, (unit) => {
    const point = Number(unit);
    if (!(Number.isInteger(point) && point >= 0 && point <= 0x10ffff))
      refuse('MATLAB text has an unknown character');
    return String.fromCodePoint(point);
  });
}
