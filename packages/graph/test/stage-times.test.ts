import { expect, test } from '@jest/globals';
import { formatStages, stageTimes } from '@toco/graph';

const fused = `fused_${'0123456789abcdef'.repeat(2)}`;
const operations = [
  { node: 'backward/forward/cams/MatMul_12', operation: '_MklMatMul', milliseconds: 40 },
  { node: 'backward/forward/cams/MatMul_13', operation: 'MatMul', milliseconds: 10 },
  { node: `backward/forward/cams/${fused}_14`, operation: fused, milliseconds: 5 },
  { node: 'backward/MatMul_20', operation: '_MklNativeConv2DBackpropFilter', milliseconds: 30 },
  { node: `optimizer/${fused}_30`, operation: fused, milliseconds: 14 },
  { node: '_SOURCE', operation: '', milliseconds: 1 },
];

test.each([
  ['backward/forward/cams/MatMul_12', 'cams'],
  ['backward/forward/MatMul_1', 'forward'],
  ['backward/MatMul_20', 'backward'],
  ['teacher/Mul_2', 'teacher'],
  ['backward/ArithmeticOptimizer/FoldTransposeIntoMatMul_MatMul_3', 'backward'],
  ['ConstantFolding/backward/forward/cams/Mul_5', 'cams'],
  ['backward/forward/token-labels/Cast_12/_3__cf__3', 'token-labels'],
  ['ReadVariableOp_7', 'other'],
  ['Fill_2367/_1__cf__1', 'other'],
])('%s belongs to %s', (node, stage) => {
  const [only] = stageTimes([{ node, operation: 'MatMul', milliseconds: 1 }]);
  expect(only!.stage).toBe(stage);
});

test('times add up by stage and by kind, longest first', () => {
  const stages = stageTimes(operations);
  expect(stages).toEqual([
    {
      stage: 'cams',
      milliseconds: 55,
      share: 0.55,
      kinds: [
        { kind: 'MatMul', count: 2, milliseconds: 50 },
        { kind: 'fused (XLA)', count: 1, milliseconds: 5 },
      ],
    },
    {
      stage: 'backward',
      milliseconds: 30,
      share: 0.3,
      kinds: [{ kind: 'Conv2DBackpropFilter', count: 1, milliseconds: 30 }],
    },
    {
      stage: 'optimizer',
      milliseconds: 14,
      share: 0.14,
      kinds: [{ kind: 'fused (XLA)', count: 1, milliseconds: 14 }],
    },
    {
      stage: 'other',
      milliseconds: 1,
      share: 0.01,
      kinds: [{ kind: 'other', count: 1, milliseconds: 1 }],
    },
  ]);
});

test('the table names stages, times, shares and what they consist of', () => {
  expect(formatStages(stageTimes(operations)).split('\n')).toEqual([
    'stage         ms    share  most of it in',
    'cams        55.0   55.0 %  MatMul 50.0 (2×), fused (XLA) 5.0 (1×)',
    'backward    30.0   30.0 %  Conv2DBackpropFilter 30.0 (1×)',
    'optimizer   14.0   14.0 %  fused (XLA) 14.0 (1×)',
    'other        1.0    1.0 %  other 1.0 (1×)',
    'total      100.0  100.0 %',
  ]);
});
