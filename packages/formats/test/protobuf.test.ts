import { describe, expect, test } from '@jest/globals';
import { messageBytes, messagesOf, numbersOf, readMessage, textOf } from '@toco/formats';

describe('protobuf', () => {
  test('reads what it writes', () => {
    const inner = messageBytes([[3, 'größe']]);
    const fields = readMessage(
      messageBytes([
        [1, 300],
        [2, true],
        [3, undefined],
        [16, inner],
        [16, inner],
        [4, 2 ** 40],
      ]),
    );
    expect([1, 2, 3, 4].map((number) => numbersOf(fields, number))).toEqual([[300], [1], [], [2 ** 40]]);
    expect(messagesOf(fields, 16).map((message) => textOf(message, 3))).toEqual(['größe', 'größe']);
    expect(textOf(fields, 9)).toBe('');
  });

  test('skips numbers of fixed width', () => {
    const fields = readMessage(Uint8Array.of(0x0d, 1, 2, 3, 4, 0x11, 1, 2, 3, 4, 5, 6, 7, 8, 0x18, 5));
    expect([...fields.keys()]).toEqual([1, 2, 3]);
    expect(numbersOf(fields, 3)).toEqual([5]);
  });
});
