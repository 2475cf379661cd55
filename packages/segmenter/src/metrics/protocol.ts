/** How the figures of an evaluation were made: two figures compare only where all of this is the same. */
export interface EvaluationProtocol {
  /** The data set's name and its list. */
  readonly data: string;
  readonly list: string;
  readonly images: number;
  /** Side that images are squashed to before they go through the network, in pixels. */
  readonly size: number;
  readonly cam: {
    readonly scales: readonly number[];
    /** Whether every scale is seen mirrored as well. */
    readonly mirror: boolean;
    /** Whose labels decide which classes a CAM has: the image's own, as no test set would tell them. */
    readonly classes: 'true labels';
    /** An activation above this is its class, else background. */
    readonly threshold: number;
  };
  readonly segmentation: { readonly scales: readonly number[]; readonly mirror: boolean };
  readonly crf: 'none';
  readonly precision: 'f32' | 'bf16';
  /** Whether the forward pass ran as one graph, as in training, or operation by operation. */
  readonly compiled: boolean;
}

/** What an evaluation is told, as a run's configuration has it. */
export interface ProtocolSettings {
  readonly cam: { readonly scales: readonly number[] };
  readonly evaluation: { readonly size: number; readonly threshold: number };
  readonly engine: { readonly precision: EvaluationProtocol['precision'] };
}

/** The protocol that {@link evaluationForward} and {@link evaluate} follow for a configuration. */
export function evaluationProtocol(
  { cam, evaluation, engine }: ProtocolSettings,
  of: Pick<EvaluationProtocol, 'data' | 'list' | 'images' | 'compiled'>,
): EvaluationProtocol {
  return {
    data: of.data,
    list: of.list,
    images: of.images,
    size: evaluation.size,
    cam: { scales: cam.scales, mirror: true, classes: 'true labels', threshold: evaluation.threshold },
    segmentation: { scales: [1], mirror: false },
    crf: 'none',
    precision: engine.precision,
    compiled: of.compiled,
  };
}

/** The protocol in one line. */
export function formatProtocol(protocol: EvaluationProtocol): string {
  const { data, list, images, size, cam, precision, compiled } = protocol;
  return [
    `Protocol: list ${list} of ${data}, ${images} image${images === 1 ? '' : 's'} squashed to ${size}×${size} pixels, scored at full size`,
    `CAM: planes of the true labels, scales ${cam.scales.join(', ')}, each mirrored too, threshold ${cam.threshold}`,
    'segmentation: scale 1, not mirrored',
    'CRF: none',
    `${precision}, ${compiled ? 'compiled' : 'eager'}.`,
  ].join('; ');
}
