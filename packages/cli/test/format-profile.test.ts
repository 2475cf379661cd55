import { expect, test } from '@jest/globals';
import { stageTimes } from '@toco/graph';
import { formatProfile } from '../src/tables/format-profile.js';

const operations = [
  { node: 'backward/forward/cams/MatMul_12', operation: '_MklMatMul', milliseconds: 40 },
  { node: 'optimizer/Mul_30', operation: 'Mul', milliseconds: 14 },
];

test('iterations and loader follow the table', () => {
  const text = formatProfile({
    stages: stageTimes(operations),
    traced: 0.08,
    iteration: 0.5,
    loader: { alone: 22.62, beside: 14, wait: 0.0094, workers: 1 },
    batchSize: 4,
    terms: ['cls', 'seg'],
    from: 121,
  });
  expect(text).toMatch(/^Phase from iteration 121 on \(cls, seg\), batches of 4:\n/);
  expect(text).toContain(
    '\nKernels run side by side: their times may add up to more than an iteration takes.\n',
  );
  expect(text).toContain('\nIteration: 0.500 s, 8.0 images/s; the shortest of the traced runs 0.080 s.\n');
  expect(text).toMatch(
    /\nLoader \(1 worker\): 22\.6 images\/s alone, 14\.0 images\/s beside the step; an iteration waited 0\.009 s for its batch\.$/,
  );
});
