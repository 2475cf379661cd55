import { test } from '@jest/globals';
import { expectImportIsInert } from '@toco/testing';

test('importing the package changes nothing in TensorFlow.js', async () => {
  await expectImportIsInert(() => import('../src/index.js'));
});
