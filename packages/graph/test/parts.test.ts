import { describe, expect, test } from '@jest/globals';
import { guardConstant } from '../src/constant-guard.js';
import { type OpDef, splitInputs } from '../src/op-def.js';
import { sessionConfig } from '../src/session-config.js';
import { assertSameStructure, putTogether, takeApart } from '../src/tree.js';

describe('the configuration of a session', () => {
  test('writes the bytes of a ConfigProto', () => {
    const config = sessionConfig({
      threads: { intra: 1, inter: 2 },
      memoryGrowth: true,
      rewrites: { remapping: false },
    });
    // intra_op = 1; inter_op = 2; gpu_options { allow_growth }; allow_soft_placement; graph_options { rewrite_options { remapping: OFF } }
    expect(Buffer.from(config).toString('hex')).toBe(
      '1001' + '2802' + '32022001' + '3801' + '5204' + '52027002',
    );
    // rewrite_options { disable_meta_optimizer: true } where none is asked for; {} leaves TensorFlow's defaults
    expect(Buffer.from(sessionConfig({})).toString('hex')).toBe('3801' + '5205' + '5203980101');
    expect(Buffer.from(sessionConfig({ rewrites: {} })).toString('hex')).toBe('3801' + '5202' + '5200');
  });
});

describe('inputs', () => {
  const definition = (...lists: boolean[]): OpDef => ({ lists, attributes: new Set(), stateful: false });

  test('are cut into the arguments of an operation', () => {
    expect(splitInputs(definition(false, false), [1, 2])).toEqual([1, 2]);
    expect(splitInputs(definition(true, false), [1, 2, 3, 4])).toEqual([[1, 2, 3], 4]);
    expect(splitInputs(definition(false, true), [1])).toEqual([1, []]);
  });
});

describe('trees', () => {
  const leaf = (value: number) => ({ data: Float32Array.of(value), shape: [1] });

  test('come apart and together again', () => {
    const tree = { a: [leaf(1), { b: leaf(2) }], c: undefined, d: null };
    const { structure, leaves } = takeApart('tree', tree);
    expect(structure.specs.map(({ path }) => path)).toEqual(['a.0', 'a.1.b']);
    expect(putTogether(structure, leaves)).toEqual(tree);
  });

  test('differ by paths, types and shapes', () => {
    const { specs } = takeApart('tree', { a: leaf(1), b: leaf(2) }).structure;
    const check = (other: object) => () => {
      assertSameStructure('tree', takeApart('tree', other).structure.specs, specs);
    };
    expect(check({ b: leaf(5), a: leaf(3) })).not.toThrow();
    expect(check({ a: leaf(1) })).toThrow('tree.b is missing.');
    expect(check({ a: leaf(1), b: { data: Int32Array.of(2), shape: [1] } })).toThrow(
      'tree.b is int32 [1] where float32 [1] is expected.',
    );
  });

  test('hold nothing but tensors', () => {
    expect(() => takeApart('tree', { a: { b: 'text' } })).toThrow('tree.a.b is a plain string');
    expect(() => takeApart('tree', { a: new Float32Array(2) })).toThrow(
      'tree.a is a typed array without shape',
    );
  });
});

describe('constants', () => {
  const guard = (data: Float32Array) => () => {
    guardConstant(data, 1000, () => 'values');
  };

  test('that look drawn are refused above the limit', () => {
    const drawn = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i));
    expect(guard(drawn)).toThrow('4 KiB of values would be frozen');
    expect(guard(drawn.subarray(0, 250))).not.toThrow();
  });

  test('with structure pass', () => {
    expect(guard(Float32Array.from({ length: 1000 }, (_, i) => i % 400))).not.toThrow();
  });
});
