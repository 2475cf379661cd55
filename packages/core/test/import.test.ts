import { test } from '@jest/globals';
import { expectImportIsInert } from '@toco/testing';

test('importing @toco/core leaves TensorFlow.js as it was', async () => {
  await expectImportIsInert(() => import('@toco/core'));
});
