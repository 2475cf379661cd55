import { readOrdinaryFile } from '../image/ordinary-file.js';
import { UserError } from '@toco/files';

/**
 * The text of a list or label file as people's programs save them: UTF-8 with or without a mark, or UTF-16 with one (Excel's
 * "Unicode text").
 *
 * @throws One line for another encoding, by which names would be misread, or a file that is no text.
 */
export async function readTextFile(path: string): Promise<string> {
  const bytes = await readOrdinaryFile(path);
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
  let text: string;
  try {
    text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (error) {
    throw new UserError(`${path}: not text in UTF-8; save it as UTF-8`, { cause: error });
  }
  const at = text.indexOf('\0');
  if (at >= 0) {
    const line = text.slice(0, at).split(lineBreak).length;
    throw new UserError(`${path}, line ${line}: holds a NUL character; save the file as text in UTF-8`);
  }
  return text;
}

/** Line ends of all systems. */
const lineBreak = /\r\n|\n|\r/;

/** Lines with something on them, without blanks around. */
export function filledLines(text: string): string[] {
  return text.split(lineBreak).flatMap((line) => line.trim() || []);
}
