import { beforeAll, expect, test } from '@jest/globals';
import { initBackend } from '@toco/runtime';
import { gradientCheck, kernelCases } from '@toco/testing';

beforeAll(async () => {
  await initBackend();
});

const cases = kernelCases.map((each, i) => ({ ...each, label: `${each.kernel} (${i})` }));

test.each(cases)("tfjs' own gradient of $label", async ({ kernel, f, inputs }) => {
  const report = await gradientCheck(f, inputs(), { relative: 1e-4, absolute: 1e-6 });
  expect(report.kernels).toContain(kernel);
});
