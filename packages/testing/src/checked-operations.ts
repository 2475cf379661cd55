/**
 * Operations with a gradient given by hand that have a finite-difference test, by package and file.
 *
 * Each package's gradient test compares the names that {@link recordTape} saw during its checks with its part of this list;
 * the test of the training step compares the whole list with what the step records.
 */
export const checkedOperations: readonly string[] = [
  'backbone/attention',
  'core/abs',
  'core/clamp-min',
  'core/conv2d-dilated',
  'core/gelu',
  'core/l2-normalize',
  'core/layer-norm',
  'core/linear',
  'core/max-over-tokens',
  'core/quick-gelu',
  'core/reduce',
  'core/resize',
  'core/softmax',
];
