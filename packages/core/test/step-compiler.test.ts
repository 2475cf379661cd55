import { beforeAll, describe, expect, test } from '@jest/globals';
import { barrier, compiling, fuse, inFloat32, scope, type StepCompiler } from '../src/step-compiler.js';
import { initBackend } from '@toco/runtime';
import * as tf from '@tensorflow/tfjs-core';

beforeAll(async () => {
  await initBackend();
});

describe('compiling', () => {
  const calls: string[] = [];
  const compiler = (name: string): StepCompiler => ({
    fuse:
      (f) =>
      (...inputs) => {
        calls.push(`${name} fuse`);
        return f(...inputs);
      },
    barrier: (x) => {
      calls.push(`${name} barrier`);
      return x;
    },
    inFloat32: (f) => {
      calls.push(`${name} inFloat32`);
      return f();
    },
    scope: (stage, f) => {
      calls.push(`${name} scope ${stage}`);
      return f();
    },
  });
  const add = fuse((a: number, b: number) => a + b);

  test('without it, things stay as they are', () => {
    calls.length = 0;
    const x = tf.scalar(1);
    expect(add(1, 2)).toBe(3);
    expect(barrier(x, x)).toBe(x);
    expect(inFloat32(() => 3)).toBe(3);
    expect(scope('main', () => 4)).toBe(4);
    expect(calls).toEqual([]);
    x.dispose();
  });

  test('within it, they go through the innermost compiler', () => {
    calls.length = 0;
    const x = tf.scalar(1);
    const result = compiling(compiler('outer'), () => {
      const first = add(1, 1);
      const second = compiling(compiler('inner'), () => add(first, 1));
      barrier(x, x);
      return inFloat32(() => scope('main', () => add(second, 1)));
    });
    expect(result).toBe(4);
    expect(calls).toEqual([
      'outer fuse',
      'inner fuse',
      'outer barrier',
      'outer inFloat32',
      'outer scope main',
      'outer fuse',
    ]);
    x.dispose();
  });

  test('an error ends it', () => {
    calls.length = 0;
    expect(() =>
      compiling(compiler('failing'), () => {
        throw new Error('stop');
      }),
    ).toThrow('stop');
    add(1, 2);
    expect(calls).toEqual([]);
  });
});
