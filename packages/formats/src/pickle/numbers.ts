import { refuse } from '../format-error.js';

/** No count or identifier in a data file is longer; reading a text of digits takes time quadratic in its length. */
const longestInteger = 1024;

function narrow(value: bigint): number | bigint {
  const nearest = Number(value);
  return Number.isSafeInteger(nearest) ? nearest : value;
}

/** A two's complement integer of any length, least significant byte first. */
export function readInteger(bytes: Uint8Array): number | bigint {
  if (bytes.length > longestInteger) refuse(`pickle has an integer of ${bytes.length} bytes`);
  if (bytes.length === 0) return 0;
  const hex = Buffer.from(bytes).reverse().toString('hex');
  return narrow(BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex}`)));
}

/** The shortest two's complement form of an integer, least significant byte first. */
export function integerBytes(value: bigint): Uint8Array {
  let length = 1;
  while (BigInt.asIntN(length * 8, value) !== value) length++;
  const hex = BigInt.asUintN(length * 8, value)
    .toString(16)
    .padStart(length * 2, '0');
  return Buffer.from(hex, 'hex').reverse();
}

/** Integers of protocol 0; `01` and `00` are its booleans. */
export function parseIntegerText(text: string): number | bigint | boolean {
  if (text === '00') return false;
  if (text === '01') return true;
  const digits = /^\s*([+-]?)(\d{1,1024})L?\s*$/.exec(text) ?? refuse('pickle has an integer that is none');
  const value = BigInt(digits[2]!);
  return narrow(digits[1] === '-' ? -value : value);
}

/** Floats of protocol 0. */
export function parseFloatText(text: string): number {
  const special: Record<string, number> = { inf: Infinity, '-inf': -Infinity, nan: NaN };
  if (Object.hasOwn(special, text)) return special[text]!;
  if (!/^-?\d{1,400}(\.\d{0,400})?(e[+-]?\d{1,4})?$/.test(text)) refuse('pickle has a float that is none');
  return Number(text);
}

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

/** Texts of protocol 0: quoted and escaped as in Python 2's source (`quoted`), or with \u escapes only. */
export function unescapeText(text: string, quoted: boolean): string {
  if (!quoted)
    return text.replace(/\\u([0-9a-f]{4})|\\U([0-9a-f]{8})/gi, (_, short: string, long: string) =>
      character(short ?? long),
    );
  const inner = /^(['"])(.*)\1$/.exec(text)?.[2] ?? refuse('pickle has a text without quotes');
  return inner.replace(/\\(?:x([0-9a-f]{2})|([nrt\\'"]))/gi, (_, code: string | undefined, letter: string) =>
    code === undefined ? escapes[letter.toLowerCase()]! : character(code),
  );
}

function character(code: string): string {
  const point = Number.parseInt(code, 16);
  return point > 0x10ffff ? refuse('pickle has an unknown character') : String.fromCodePoint(point);
}
