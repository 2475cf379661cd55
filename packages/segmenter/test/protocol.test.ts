import { expect, test } from '@jest/globals';
import { formatProtocol } from '../src/protocol/format-protocol.js';
import { protocolOf } from '../src/protocol/protocol-of.js';
import { protocols } from '../src/protocol/protocol.js';
import { planPasses } from '../src/stream/plan-passes.js';

test('a protocol in one line', () => {
  expect(formatProtocol(protocols.voc)).toBe(
    'voc: native size; segmentation: scales 1, 1.25, 1.5, each mirrored too (sum), maximum over scales; CAM: scales 1, 0.5, 1.5, each mirrored too (maximum), sum over scales; CRF toco (1/1, 4/121/5, 10 iterations); odd sizes corrected',
  );
  const changed = protocolOf('fast', { size: { shorter: 300 }, window: { size: 224, overlap: 32 } });
  expect(formatProtocol(changed)).toMatch(
    /^fast, changed: shorter side 300; windows of 224 pixels, overlap 32; segmentation: scale 1, not mirrored; .*; no CRF; /,
  );
});

test('settings over a protocol; those that change nothing leave it', () => {
  expect(protocolOf('voc')).toBe(protocols.voc);
  expect(protocolOf('voc', { scales: [1, 1.25, 1.5], mirror: 'sum' })).toBe(protocols.voc);
  const once = protocolOf('voc', { scales: [1] });
  expect(once).toMatchObject({
    name: 'voc, changed',
    segmentation: { scales: [1], mirror: 'sum' },
    size: 'native',
  });
  expect(protocolOf(once, { crf: 'none' })).toMatchObject({ name: 'voc, changed', crf: undefined });
});

test.each([
  [{ scales: [] }, 'Protocol voc: no scale for segmentation; name at least one, such as 1.'],
  [{ scales: [1, 0] }, 'Protocol voc: scale 0 for segmentation; scales are positive numbers.'],
  [{ camScales: [1, 1] }, 'Protocol voc: a scale stands twice in 1, 1; name each once.'],
  [{ size: { squash: 0.5 } }, 'Protocol voc: size squash is 0.5; choose a whole number of pixels.'],
  [
    { window: { size: 64, overlap: 64 } },
    'Protocol voc: overlap 64 of windows of 64; choose a smaller one, at least 0.',
  ],
])('%j is refused', (settings, line) => {
  expect(() => protocolOf('voc', settings)).toThrow(line);
});

test('the passes are those that are needed, and both twins go together where they can', () => {
  expect(planPasses(protocols.fast, ['labels'])).toEqual([
    { scale: 1, twins: ['plain'], wanted: ['segLogits'] },
  ]);
  expect(planPasses(protocols.voc, ['labels'])).toEqual(
    [1, 1.25, 1.5].map((scale) => ({ scale, twins: ['plain', 'mirrored'], wanted: ['segLogits'] })),
  );
  expect(planPasses(protocols.fast, ['labels', 'cam'])).toEqual([
    { scale: 1, twins: ['plain'], wanted: ['segLogits', 'cam', 'clsLogits'] },
    { scale: 1, twins: ['mirrored'], wanted: ['cam'] },
    { scale: 0.5, twins: ['plain', 'mirrored'], wanted: ['cam'] },
    { scale: 1.5, twins: ['plain', 'mirrored'], wanted: ['cam'] },
  ]);
  expect(planPasses(protocols.voc, ['scores'])).toEqual([
    { scale: 1, twins: ['plain'], wanted: ['clsLogits'] },
  ]);
});
