import { vit, type VitParams } from '@toco/backbone';
import { latticeTensors } from '@toco/losses';
import { denormalize } from '@toco/cam';
import { denseEnergyLattices } from '@toco/losses';
import { createNetwork, type Network } from '@toco/network';
import { fixture } from '@toco/testing';
import * as tf from '@tensorflow/tfjs-core';
import { stepConfig, type StepConfig, type StepConfigInput } from '../src/method-config.js';
import type { Batch } from '../src/batch.js';
import { initTrainState, type TrainState } from '../src/train-state.js';
import type { Phase } from '../src/phase.js';
import { trainStep, type TrainStep } from '../src/train-step.js';

/** A network small enough for tests, with everything that a large one has. */
export function smallNetwork(): Network<VitParams> {
  const backbone = vit({ imageSize: 64, patchSize: 8, dim: 24, depth: 4, heads: 3 });
  return createNetwork({
    backbone,
    numClasses: 5,
    decoderDim: 16,
    projection: { hidden: 32, bottleneck: 12, out: 32 },
  });
}

/** The paper's configuration for {@link smallNetwork}, every term on from the first iteration. */
export function smallConfig(overrides: StepConfigInput = {}): StepConfig {
  return stepConfig({
    numClasses: 5,
    localCrops: { size: 24 },
    optimizer: { lr: 6e-4, warmup: 2, iterations: 10 },
    phases: [{ from: 0, weights: { cls: 1, clsAux: 1, ptc: 0.2, ctc: 0.5, seg: 0.1, reg: 0.05 } }],
    ...overrides,
  });
}

/** Two synthetic images with their views; crops are drawn by seeded noise. */
export async function smallBatch(): Promise<Batch> {
  const arrays = fixture('trajectory');
  const of = <T extends tf.Tensor>(key: string): T => arrays[`step0.${key}`] as T;
  const images = of<tf.Tensor4D>('images');
  const levels = denormalize(images, { rounding: 'none' });
  const noise = Float32Array.from(
    { length: 2 * 64 * 64 },
    (_, i) => Math.abs(Math.sin(i * 12.9898) * 43758.5453) % 1,
  );
  return {
    images,
    globalView: of('global_view'),
    localSource: of('local_source'),
    labels: of('labels'),
    imgBox: of('img_box'),
    cropNoise: tf.tensor3d(noise, [2, 64, 64]),
    lattice: latticeTensors(await denseEnergyLattices(levels)),
  };
}

/** A step with everything that it is called with. */
export interface SmallRun {
  readonly network: Network<VitParams>;
  readonly config: StepConfig;
  readonly step: TrainStep<VitParams>;
  readonly state: TrainState<VitParams>;
  readonly batch: Batch;
  readonly phase: Phase;
}

/** A step, its state and a batch. */
export async function smallRun(overrides: StepConfigInput = {}): Promise<SmallRun> {
  const network = smallNetwork();
  const config = smallConfig(overrides);
  return {
    network,
    config,
    step: trainStep(config, { network }),
    state: initTrainState(network, network.init(7)),
    batch: await smallBatch(),
    phase: config.phases[0]!,
  };
}
