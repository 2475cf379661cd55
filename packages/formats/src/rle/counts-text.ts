import { refuse } from '../format-error.js';

/*
 * COCO's text of run lengths: from the fourth on, a length is written as its difference to the one two before. Each number is
 * cut into groups of five bits, the lowest first; a sixth bit says that more follow; 48 is added to make a printable character.
 * The highest bit of the last group is the sign.
 */

/** Seven groups hold 35 bits, more than any run length or difference has. */
const mostGroups = 7;

/**
 * Run lengths of a text as COCO's annotations and pycocotools write them.
 *
 * @throws FormatError for other characters, a number cut short, or a negative length
 */
export function decodeRleCounts(text: string): Uint32Array {
  const counts: number[] = [];
  let at = 0;
  while (at < text.length) {
    let value = 0;
    for (let group = 0; ; group++) {
      const bits = text.charCodeAt(at) - 48;
      if (!(bits >= 0 && bits < 64)) refuse(`text of a mask is damaged at character ${at}`);
      if (group === mostGroups) refuse(`text of a mask has too long a number at character ${at}`);
      at++;
      value += (bits & 0x1f) * 32 ** group;
      if ((bits & 0x20) !== 0) continue;
      if ((bits & 0x10) !== 0) value -= 32 ** (group + 1);
      break;
    }
    if (counts.length > 2) value += counts.at(-2)!;
    if (value < 0 || value > 0xffffffff) refuse(`text of a mask has a run of ${value} pixels`);
    counts.push(value);
  }
  return Uint32Array.from(counts);
}

/** The text of run lengths, as pycocotools writes it. */
export function encodeRleCounts(counts: Uint32Array): string {
  const characters: string[] = [];
  counts.forEach((count, i) => {
    let value = i > 2 ? count - counts[i - 2]! : count;
    for (let more = true; more;) {
      const group = ((value % 32) + 32) % 32;
      value = Math.floor(value / 32);
      more = (group & 0x10) !== 0 ? value !== -1 : value !== 0;
      characters.push(String.fromCharCode(48 + group + (more ? 0x20 : 0)));
    }
  });
  return characters.join('');
}
