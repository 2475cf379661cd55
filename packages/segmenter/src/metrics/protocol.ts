import { formatProtocol } from '../protocol/format-protocol.js';
import type { Protocol } from '../protocol/protocol.js';
import { validationProtocol, type ValidationSettings } from '../protocol/validation-protocol.js';

/** How the figures of an evaluation were made: two figures compare only where all of this is the same. */
export interface EvaluationProtocol {
  /** The data set's name and its list. */
  readonly data: string;
  readonly list: string;
  readonly images: number;
  /** How the images went through the network. */
  readonly protocol: Protocol;
  /** An activation of a CAM above this is its class, else background. */
  readonly threshold: number;
  readonly precision: 'f32' | 'bf16';
  /** Whether the forward pass ran as one graph, as in training, or operation by operation. */
  readonly compiled: boolean;
}

/** What an evaluation is told, as a run's configuration has it. */
export interface ProtocolSettings extends ValidationSettings {
  readonly evaluation: { readonly size: number; readonly threshold: number };
  readonly engine: { readonly precision: EvaluationProtocol['precision'] };
}

/** The protocol that validation in training follows for a configuration. */
export function evaluationProtocol(
  settings: ProtocolSettings,
  of: Pick<EvaluationProtocol, 'data' | 'list' | 'images' | 'compiled'>,
): EvaluationProtocol {
  const { evaluation, engine } = settings;
  return {
    ...of,
    protocol: validationProtocol(settings),
    threshold: evaluation.threshold,
    precision: engine.precision,
  };
}

/** The protocol of an evaluation in one line. Masks are scored at full size, and CAMs know the true labels, as no test set tells them. */
export function formatEvaluationProtocol(evaluation: EvaluationProtocol): string {
  const { data, list, images, protocol, threshold, precision, compiled } = evaluation;
  return [
    `Protocol: list ${list} of ${data}, ${images} image${images === 1 ? '' : 's'}, scored at full size`,
    formatProtocol(protocol),
    `CAMs: planes of the true labels, threshold ${threshold}`,
    `${precision}, ${compiled ? 'compiled' : 'eager'}.`,
  ].join('; ');
}
