import type { Twin } from '../passes/image-maps.js';
import { type PassOutput, passOutputs } from '../passes/pass-engine.js';
import type { Protocol } from '../protocol/protocol.js';
import type { SegmenterOutput } from '../finish/segmenter-image.js';

/** Images at one scale in one batch. */
export interface PlannedPass {
  readonly scale: number;
  readonly twins: readonly Twin[];
  /** What is wanted of each of them. */
  readonly wanted: readonly PassOutput[];
}

const segmentations = ['labels', 'fusedLabels', 'probabilities', 'logits'] as const;

/** Outputs of scale 1 that come as the network gives them. */
const mainOutputs: Partial<Record<SegmenterOutput, PassOutput>> = {
  singleLabels: 'segLogits',
  scores: 'clsLogits',
  scoresAux: 'auxLogits',
  attention: 'attention',
  tokens: 'tokens',
  similarity: 'similarity',
};

/**
 * The passes of a protocol for what is asked for, no more: one for each scale and twin, both twins in one batch where the same is
 * wanted of them.
 *
 * @param strips whether strips of the segmentation are asked for as well
 */
export function planPasses(
  { segmentation, cam }: Pick<Protocol, 'segmentation' | 'cam'>,
  outputs: readonly SegmenterOutput[],
  { strips = false }: { readonly strips?: boolean } = {},
): PlannedPass[] {
  const segments = strips || segmentations.some((output) => outputs.includes(output));
  const cams = (['cam', 'camAux'] as const).filter((output) => outputs.includes(output));
  const main = outputs.flatMap((output) => mainOutputs[output] ?? []);
  // Without labels the scores tell whose CAMs are wanted.
  if (cams.length > 0) main.push('clsLogits');
  const scales = new Set([
    ...(main.length > 0 ? [1] : []),
    ...(segments ? segmentation.scales : []),
    ...(cams.length > 0 ? cam.scales : []),
  ]);
  return [...scales].flatMap((scale) => {
    const wanted = (twin: Twin): PassOutput[] => {
      const seen = (passes: Protocol['cam']): boolean =>
        passes.scales.includes(scale) && (twin === 'plain' || passes.mirror !== 'none');
      const all = new Set<PassOutput>([
        ...(segments && seen(segmentation) ? (['segLogits'] as const) : []),
        ...(seen(cam) ? cams : []),
        ...(scale === 1 && twin === 'plain' ? main : []),
      ]);
      return passOutputs.filter((output) => all.has(output));
    };
    const [plain, mirrored] = [wanted('plain'), wanted('mirrored')];
    if (mirrored.length === 0) return [{ scale, twins: ['plain'], wanted: plain }];
    if (plain.join() === mirrored.join()) return [{ scale, twins: ['plain', 'mirrored'], wanted: plain }];
    const apart: PlannedPass[] = [
      { scale, twins: ['plain'], wanted: plain },
      { scale, twins: ['mirrored'], wanted: mirrored },
    ];
    return apart.filter(({ wanted: some }) => some.length > 0);
  });
}
