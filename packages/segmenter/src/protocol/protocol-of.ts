import type { OddSizes } from '@toco/core';
import {
  type CrfPreset,
  type Passes,
  type Protocol,
  type ProtocolName,
  protocols,
  type ProtocolSize,
  type Window,
} from './protocol.js';

/** What may be laid over a protocol; keys that are missing change nothing. */
export interface ProtocolSettings {
  readonly size?: ProtocolSize | undefined;
  /** Scales, mirror and fusion of the segmentation. */
  readonly scales?: readonly number[] | undefined;
  readonly mirror?: Passes['mirror'] | undefined;
  readonly fusion?: Passes['fusion'] | undefined;
  readonly camScales?: readonly number[] | undefined;
  readonly crf?: CrfPreset | 'none' | undefined;
  readonly window?: Window | undefined;
  readonly oddSizes?: OddSizes | undefined;
}

/**
 * A protocol with settings of one's own. What no longer follows a named one says so in its name, and with a size or a window of its
 * own its CRF may leave classes out where memory asks for it, as no published figure is at stake.
 *
 * @throws one line: a size, a scale or a window that makes no sense
 * @example
 * const protocol = protocolOf('voc', { scales: [1], crf: 'none' });
 */
export function protocolOf(named: ProtocolName | Protocol, settings: ProtocolSettings = {}): Protocol {
  const base = typeof named === 'string' ? protocols[named] : named;
  const { size, scales, mirror, fusion, camScales, crf, window, oddSizes } = settings;
  const changed: Protocol = {
    ...base,
    size: size ?? base.size,
    segmentation: {
      scales: scales ?? base.segmentation.scales,
      mirror: mirror ?? base.segmentation.mirror,
      fusion: fusion ?? base.segmentation.fusion,
    },
    cam: { ...base.cam, scales: camScales ?? base.cam.scales },
    crf: crf === 'none' ? undefined : (crf ?? base.crf),
    window: window ?? base.window,
    oddSizes: oddSizes ?? base.oddSizes,
  };
  assertProtocol(changed);
  const same = JSON.stringify(comparable(changed)) === JSON.stringify(comparable(base));
  if (same) return base;
  return {
    ...changed,
    name: base.name.endsWith(suffix) ? base.name : base.name + suffix,
    mayLeaveOut: base.mayLeaveOut || size !== undefined || window !== undefined,
  };
}

const suffix = ', changed';

/** Odd sizes are a way of computing the same protocol, which its line tells beside the name. */
function comparable({ size, segmentation, cam, crf, window, oddSizes }: Protocol): unknown[] {
  return [size, segmentation, cam, crf ?? null, window ?? null, oddSizes];
}

/** Throws one line for what no image can go through. */
export function assertProtocol({ name, size, segmentation, cam, window }: Protocol): void {
  const refuse = (line: string): never => {
    throw new Error(`Protocol ${name}: ${line}`);
  };
  if (size !== 'native') {
    const [[key, side]] = Object.entries(size) as [[string, number]];
    if (!(Number.isInteger(side) && side >= 1))
      refuse(`size ${key} is ${side}; choose a whole number of pixels.`);
  }
  for (const [key, { scales }] of Object.entries({ segmentation, cam })) {
    if (scales.length === 0) refuse(`no scale for ${key}; name at least one, such as 1.`);
    const wrong = scales.find((scale) => !(scale > 0 && Number.isFinite(scale)));
    if (wrong !== undefined) refuse(`scale ${wrong} for ${key}; scales are positive numbers.`);
    if (new Set(scales).size !== scales.length)
      refuse(`a scale stands twice in ${scales.join(', ')}; name each once.`);
  }
  if (window === undefined) return;
  if (!(Number.isInteger(window.size) && window.size >= 1))
    refuse(`window ${window.size}; choose a whole number of pixels.`);
  if (!(Number.isInteger(window.overlap) && window.overlap >= 0 && window.overlap < window.size))
    refuse(`overlap ${window.overlap} of windows of ${window.size}; choose a smaller one, at least 0.`);
}
