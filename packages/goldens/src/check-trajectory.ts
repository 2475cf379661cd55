import { type Behavior, denormalize } from '@toco/cam';
import { latticeTensors } from '@toco/losses';
import { denseEnergyLattices } from '@toco/losses';
import {
  computeTargets,
  initTrainState,
  phaseAt,
  stepConfig,
  trainStep,
  type Batch,
  type Phase,
  type StepConfig,
  type TrainState,
} from '@toco/method';
import type { VitParams } from '@toco/backbone';
import type * as tf from '@tensorflow/tfjs-core';
import {
  tensorOf,
  valuesOf,
  type GoldenArrays,
  type GoldenConfig,
  type GoldenFolder,
  type GoldenTrajectory,
} from './golden-folder.js';
import { compareLabels, compareValues, type Row } from './row.js';

/** The step's configuration as the folder's `trajectory.json` states it. */
function configOf(golden: GoldenConfig, behavior: Behavior, { steps }: GoldenTrajectory): StepConfig {
  return stepConfig({
    behavior,
    numClasses: golden.num_classes - 1,
    localCrops: { size: golden.crop_size },
    cam: { low: golden.thresholds.low, high: golden.thresholds.high },
    ctc: { temperature: golden.temp },
    reg: { sigmaRgb: golden.energy.sigma_rgb, sigmaXy: golden.energy.sigma_xy, scale: golden.energy.weight },
    teacher: { momentum: golden.momentum },
    optimizer: {
      lr: golden.lr,
      betas: golden.betas,
      epsilon: golden.eps,
      weightDecay: golden.weight_decay,
      warmup: golden.warmup_iter,
      warmupRatio: golden.warmup_ratio,
      iterations: golden.max_iter,
      power: golden.power,
    },
    phases: steps.map((step, from) => ({
      from,
      weights: { cls: 1, clsAux: 1, ptc: 0.2, ctc: 0.5, seg: step['w_seg']!, reg: step['w_reg']! },
      measure: ['seg', 'reg'],
    })),
  });
}

async function batchOf(
  inputs: GoldenArrays,
  origins: GoldenArrays,
  i: number,
  config: StepConfig,
): Promise<Batch> {
  const t = <T extends tf.Tensor>(key: string): T => tensorOf(inputs, `step${i}.${key}`) as T;
  const images = t<tf.Tensor4D>('images');
  const levels = denormalize(images, { rounding: 'none' });
  return {
    images,
    globalView: t('global_view'),
    localSource: t('local_source'),
    labels: t('labels'),
    imgBox: t('img_box'),
    cropOrigins: tensorOf(origins, `step${i}.crop_origins`) as tf.Tensor3D,
    lattice: latticeTensors(await denseEnergyLattices(levels, config.reg)),
  };
}

/** What the recorded targets of one step are compared with. */
async function checkTargets(
  name: string,
  { folder, config, phase }: { folder: GoldenFolder; config: StepConfig; phase: Phase },
  {
    state,
    batch,
    recorded,
    i,
  }: { state: TrainState<VitParams>; batch: Batch; recorded: GoldenArrays; i: number },
): Promise<Row[]> {
  const { network } = folder;
  const main = network.forward(state.params, batch.images);
  const targets = computeTargets({ network, config, phase }, { params: state.params, batch, main });
  const rows: Row[] = [];
  for (const [key, actual] of [
    ['cam', targets.cam],
    ['cam_aux', targets.camAux],
  ] as const) {
    const at = `step${i}.${key}`;
    if (!(at in recorded)) continue;
    rows.push(
      await compareValues(`${name}: ${at}`, actual!, { expected: valuesOf(recorded, at), relative: 1e-4 }),
    );
  }
  for (const [key, actual] of [
    ['refined', targets.pixelLabels],
    ['token_label', targets.tokenLabels],
    ['crop_flags', targets.cropFlags],
  ] as const) {
    rows.push(
      await compareLabels(`${name}: step${i}.${key}`, actual!, valuesOf(recorded, `step${i}.${key}`)),
    );
  }
  return rows;
}

/**
 * `trajectory` and `trajectory_corrected`: several iterations of the step that training uses, its targets, losses, rates
 * and gradient norms, and the weights in the end.
 */
export async function checkTrajectory(folder: GoldenFolder, behavior: Behavior): Promise<Row[]> {
  const name = behavior === 'reference' ? 'trajectory' : 'trajectory_corrected';
  const golden = folder.trajectory(name);
  const inputs = folder.arrays('trajectory');
  const recorded = folder.arrays(name);
  const config = configOf(golden.config, behavior, golden);
  const step = trainStep(config, { network: folder.network });
  let state = initTrainState(folder.network, folder.loadState());
  const rows: Row[] = [];
  for (const [i, expected] of golden.steps.entries()) {
    const batch = await batchOf(inputs, recorded, i, config);
    const phase = phaseAt(config.phases, i);
    rows.push(...(await checkTargets(name, { folder, config, phase }, { state, batch, recorded, i })));
    const { state: next, metrics } = step(state, batch, phase);
    state = next;
    const scalars: Record<string, tf.Scalar | undefined> = {
      loss: metrics.loss,
      cls: metrics.cls,
      cls_aux: metrics.clsAux,
      ptc: metrics.ptc,
      ctc: metrics.ctc,
      seg: metrics.seg,
      reg: metrics.reg,
      grad_norm: metrics.gradNorm,
    };
    for (const [key, actual] of Object.entries(scalars)) {
      const bound = { expected: [expected[key]!], relative: 1e-4, ...(key === 'ctc' && { absolute: 1e-6 }) };
      rows.push(await compareValues(`${name}: step${i} ${key}`, actual!, bound));
    }
    const rates = expected.lr as readonly number[];
    const lr = (await metrics.lr.data())[0]!;
    const scale = config.optimizer.headLrScale;
    rows.push(
      await compareValues(`${name}: step${i} lr`, [lr, lr, lr * scale, lr * scale], {
        expected: rates,
        relative: 1e-6,
      }),
    );
  }
  rows.push(...(await checkWeights(folder, `${name}_final`, state)));
  return rows;
}

/**
 * Weights after the last step: within 1e-4 of the largest of their tensor at 99.9 % of the entries, nowhere beyond 1e-3.
 *
 * The key third of `attn.qkv.bias` is left out: its true gradient is 0 (softmax is shift-invariant) and AdamW scales the
 * rounding noise there to full steps.
 */
async function checkWeights(
  folder: GoldenFolder,
  file: string,
  { params, teacher }: TrainState<VitParams>,
): Promise<Row[]> {
  const expected = folder.arrays(file);
  const actual = await folder.network.exportCheckpoint({ params, teacher });
  let entries = 0;
  let beyond = 0;
  let worst = 0;
  for (const [key, { data }] of Object.entries(expected)) {
    if (key.startsWith('encoder.head.')) continue;
    const ours = actual[key];
    if (!ours) throw new Error(`${file}: our checkpoint has no ${key}`);
    const [a, b] = [ours.data as Float32Array, data as Float32Array];
    const third = key.endsWith('attn.qkv.bias') ? b.length / 3 : 0;
    const scale = b.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    b.forEach((value, i) => {
      if (third && i >= third && i < 2 * third) return;
      const error = Math.abs(a[i]! - value) / scale;
      entries++;
      if (!(error <= 1e-4)) beyond++;
      if (!(error <= worst)) worst = error;
    });
  }
  return [
    { quantity: `${file}: largest error`, error: worst, bound: 1e-3, unit: 'relative' },
    {
      quantity: `${file}: entries beyond 1e-4`,
      error: beyond / entries,
      bound: 1e-3,
      unit: 'share of labels',
    },
  ];
}
