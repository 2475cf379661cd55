import type { OddSizes } from '@toco/core';
import { type Protocol, protocols } from './protocol.js';

/** What a validation is told, as a run's configuration has it. */
export interface ValidationSettings {
  readonly cam: { readonly scales: readonly number[] };
  readonly evaluation: { readonly size: number };
  readonly behavior: { readonly oddSizes: OddSizes };
}

/** The protocol `fast` with the sizes of a run's configuration: what its validations in training follow. */
export function validationProtocol({ cam, evaluation, behavior }: ValidationSettings): Protocol {
  const { fast } = protocols;
  return {
    ...fast,
    size: { squash: evaluation.size },
    cam: { ...fast.cam, scales: cam.scales },
    oddSizes: behavior.oddSizes,
  };
}
