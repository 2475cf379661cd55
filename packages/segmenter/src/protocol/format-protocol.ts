import type { Passes, Protocol } from './protocol.js';

const fusions: Readonly<Record<Passes['fusion'], string>> = { max: 'maximum', sum: 'sum', mean: 'mean' };

/**
 * A protocol in one line, without the list it is followed on.
 *
 * @example
 * formatProtocol(protocols.voc);
 * // voc: native size; segmentation: scales 1, 1.25, 1.5, each mirrored too (sum), maximum over scales; CAM: …; CRF toco (…); odd sizes corrected
 */
export function formatProtocol({ name, size, segmentation, cam, crf, window, oddSizes }: Protocol): string {
  return [
    `${name}: ${formatSize(size)}`,
    ...(window ? [`windows of ${window.size} pixels, overlap ${window.overlap}`] : []),
    `segmentation: ${formatPasses(segmentation)}`,
    `CAM: ${formatPasses(cam)}`,
    crf ? `CRF ${formatCrf(crf)}` : 'no CRF',
    `odd sizes ${oddSizes}`,
  ].join('; ');
}

function formatSize(size: Protocol['size']): string {
  if (size === 'native') return 'native size';
  return 'squash' in size ? `squashed to ${size.squash}×${size.squash}` : `shorter side ${size.shorter}`;
}

function formatPasses({ scales, mirror, fusion }: Passes): string {
  return [
    `scale${scales.length === 1 ? '' : 's'} ${scales.join(', ')}`,
    mirror === 'none' ? 'not mirrored' : `each mirrored too (${fusions[mirror]})`,
    ...(scales.length === 1 ? [] : [`${fusions[fusion]} over scales`]),
  ].join(', ');
}

function formatCrf({ name, gaussian, bilateral, iterations }: NonNullable<Protocol['crf']>): string {
  const kernels = `${gaussian.weight}/${gaussian.sigmaXy}, ${bilateral.weight}/${bilateral.sigmaXy}/${bilateral.sigmaRgb}`;
  return `${name} (${kernels}, ${iterations} iterations)`;
}
