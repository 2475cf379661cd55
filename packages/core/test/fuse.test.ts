import { describe, expect, test } from '@jest/globals';
import { fuse, fusing, type Fuse } from '@toco/core';

describe('fuse', () => {
  const calls: string[] = [];
  const compiler =
    (name: string): Fuse =>
    (f) =>
    (...inputs) => {
      calls.push(name);
      return f(...inputs);
    };
  const add = fuse((a: number, b: number) => a + b);

  test('leaves a function as it is by itself, and goes through the innermost compiler within', () => {
    expect(add(1, 2)).toBe(3);
    expect(calls).toEqual([]);
    const result = fusing(compiler('outer'), () => {
      const first = add(1, 1);
      const second = fusing(compiler('inner'), () => add(first, 1));
      return add(second, 1);
    });
    expect(result).toBe(4);
    expect(calls).toEqual(['outer', 'inner', 'outer']);
  });

  test('an error ends it', () => {
    calls.length = 0;
    expect(() =>
      fusing(compiler('failing'), () => {
        throw new Error('stop');
      }),
    ).toThrow('stop');
    add(1, 2);
    expect(calls).toEqual([]);
  });
});
