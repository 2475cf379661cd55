import { expect, test } from '@jest/globals';
import { formatProtocol, type ProtocolName } from '@toco/segmenter';
import { protocolFor, protocolSettings } from '../../src/segmenting/protocol-flags.js';

const config = {
  evaluation: { size: 448 },
  cam: { scales: [1, 0.5, 1.5] },
  behavior: { oddSizes: 'corrected' },
} as const;

test.each([
  [{}, 'squashed to 448×448'],
  [{ window: '448' }, 'native size; windows of 448 pixels'],
  [{ window: '448,64', size: 'shorter:900' }, 'shorter side 900; windows of 448 pixels'],
] as const)('tiles are of an image at its native size unless another is asked for: %j', (flags, says) => {
  const protocol = 'fast' satisfies ProtocolName;
  const text = formatProtocol(protocolFor(protocol, config, protocolSettings({ protocol, ...flags })));
  expect(text).toContain(says);
});
