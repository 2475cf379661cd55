import type { ConfigInput } from '@toco/trainer';

/**
 * The same run for machines without TensorFlow's engine: on one thread of the backend "wasm" an image takes some 1.1 seconds of
 * processor time, so the run sees a tenth as many images, in fewer, larger steps.
 */
export function smaller(settings: ConfigInput): ConfigInput {
  return {
    ...settings,
    batchSize: 4,
    data: { dataset: 'synthetic', synthetic: { val: 48 } },
    optimizer: { ...settings.optimizer, lr: 2e-4, warmup: 5, iterations: 60 },
    evaluation: { every: 60 },
    run: { checkpointEvery: 10, logEvery: 5 },
    engine: { backend: 'wasm' },
  };
}
