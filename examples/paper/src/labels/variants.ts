import { corrections, type Corrections, correctionsOf } from '@toco/core';
import type { StepConfig } from '@toco/method';

/** A CAM that labels are made of. */
export type CamSource = 'main' | 'aux' | 'mean';

/** A way to make labels of the same views. */
export interface Variant {
  readonly name: string;
  readonly behavior: Corrections;
  readonly scales: readonly number[];
  /** β_l and β_h. */
  readonly low: number;
  readonly high: number;
  /** CAM of the token labels. */
  readonly tokenCam: CamSource;
  /** CAM of the pixel labels. */
  readonly pixelCam: CamSource;
}

/** The original's behavior first, what each correction changes of it, and all corrections. */
export function behaviorVariants(config: StepConfig): Variant[] {
  const reference = correctionsOf('reference');
  const usual = usualVariant(config);
  return [
    { ...usual, name: 'reference', behavior: reference },
    ...corrections.map((name) => ({
      ...usual,
      name: `${name} alone`,
      behavior: { ...reference, [name]: 'corrected' as const },
    })),
    { ...usual, name: 'corrected', behavior: correctionsOf('corrected') },
  ];
}

/** The run's own labels first, then other CAMs, scales and thresholds in their place, one at a time and for both CAMs. */
export function sourceVariants(config: StepConfig): Variant[] {
  const usual = usualVariant(config);
  const { low, high, scales } = usual;
  const cams = (['main', 'aux', 'mean'] as const).map((cam) => ({
    ...usual,
    name: cam,
    tokenCam: cam,
    pixelCam: cam,
  }));
  const single = cams.slice(0, 2);
  const others = <Value>(values: readonly Value[], own: Value): Value[] =>
    values.filter((value) => JSON.stringify(value) !== JSON.stringify(own));
  return [
    ...cams,
    ...others([[1], [1, 0.5]], [...scales]).flatMap((scales) =>
      single.map((cam) => ({ ...cam, name: `${cam.name}, scales ${scales.join(' and ')}`, scales })),
    ),
    ...others([0.15, 0.35, 0.45], low).flatMap((low) =>
      single.map((cam) => ({ ...cam, name: `${cam.name}, low ${low}`, low })),
    ),
    ...others([0.55, 0.625, 0.8], high).flatMap((high) =>
      single.map((cam) => ({ ...cam, name: `${cam.name}, high ${high}`, high })),
    ),
  ];
}

/** What the run itself does in its last phase. */
function usualVariant({ behavior, cam: { scales, low, high }, phases }: StepConfig): Variant {
  const last = phases.reduce((latest, phase) => (phase.from > latest.from ? phase : latest));
  return {
    name: 'as trained',
    ...{ behavior, scales, low, high },
    tokenCam: 'aux',
    pixelCam: last.labelCam,
  };
}
