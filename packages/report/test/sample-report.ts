import { loadPhotograph, syntheticScenes } from '@toco/datasets';
import { intersectionOverUnion, confusionMatrix, countPixels } from '@toco/segmenter';
import type { Panel } from '../src/panel.js';
import { resizePlanes, type Planes } from '@toco/segmenter';
import type { ReportData, ReportSweep } from '../src/report-data.js';
import { reportPanel, type ReportPanel } from '../src/report-panel.js';
import type { ReportRow } from '../src/report-row.js';

/** Deterministic numbers in 0…1 that look like noise. */
export function noise(i: number): number {
  const x = Math.sin(12.9898 * (i + 1)) * 43758.5453;
  return x - Math.floor(x);
}

/** A drawn scene with made-up predictions: the truth moved by `shift` pixels, activations that reach `blur` tokens far. */
export async function samplePanel(
  index: number,
  { shift, blur }: { shift: number; blur: number },
): Promise<Panel> {
  const list = await syntheticScenes({ seed: 3, size: 96, train: 0, val: 40 }).list('val');
  const photograph = await loadPhotograph(list.sample(index), { withMask: true });
  const { width, height } = photograph;
  const data = photograph.mask!;
  const classes = Array.from(photograph.labels).flatMap((label, c) => (label > 0 ? [c] : []));
  const seg = data.map((_, i) => {
    const x = (i % width) - shift;
    const label = x >= 0 ? data[i - shift]! : 0;
    return label > 0 && shift > 20 && noise(Math.floor(i / 900)) < 0.4 ? (label % 6) + 1 : label;
  });
  const camOf = (reach: number): Planes => {
    const tokens = 12;
    const channels = classes.length;
    const out = new Float32Array(tokens * tokens * channels);
    classes.forEach((c, m) => {
      for (let i = 0; i < tokens * tokens; i++) {
        const y = Math.floor(((Math.floor(i / tokens) + 0.5) / tokens) * height);
        const x = Math.floor((((i % tokens) + 0.5) / tokens) * width);
        const inside = data[y * width + x] === c + 1;
        out[i * channels + m] = inside ? 1 - reach * noise(i) : 0.35 * reach * noise(i + 7);
      }
    });
    return resizePlanes({ width: tokens, height: tokens, channels, data: out }, { width: 96, height: 96 });
  };
  const matrix = confusionMatrix(7);
  countPixels(matrix, { truth: data, prediction: seg }, { ignoreIndex: 255 });
  return {
    photograph,
    classes,
    cam: camOf(blur),
    camAux: camOf(blur / 2),
    seg,
    iou: intersectionOverUnion(matrix).mean,
  };
}

/** Panels from good to bad. */
export function samplePanels(count: number): Promise<ReportPanel[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const panel = await samplePanel(i, { shift: 1 + 3 * i, blur: 0.3 + i / count });
      const baseline = { ...panel, cam: panel.camAux };
      return reportPanel(panel, { threshold: 0.5, baseline });
    }),
  );
}

/** Terms of the loss that {@link sampleRows} tells of. */
export const sampleTerms = ['cls', 'clsAux', 'ptc', 'ctc', 'seg', 'reg'];

/** Rows as a run of 600 iterations writes them. */
export function sampleRows(): ReportRow[] {
  return Array.from({ length: 120 }, (_, i): ReportRow[] => {
    const iteration = 5 * (i + 1);
    const fall = (from: number, to: number, k: number): number =>
      to + (from - to) * Math.exp(-iteration / 160) + 0.12 * from * (noise(9 * i + k) - 0.5);
    const late = iteration > 120;
    const train: ReportRow = {
      kind: 'train',
      iteration,
      loss: fall(2, 0.9, 0),
      cls: fall(0.62, 0.08, 1),
      clsAux: fall(0.64, 0.1, 2),
      ptc: fall(0.47, 0.2, 3),
      ctc: fall(1.3, 0.5, 4),
      ...(late && { seg: fall(4, 0.4, 5), reg: -0.19 + 0.01 * noise(i) }),
      lr: 6e-5 * Math.min(1, iteration / 60) * (1 - iteration / 601) ** 0.9,
      gradNorm: fall(12, 5, 6),
      positive: 0.72 + 0.05 * noise(i),
      tokenIgnored: fall(0.6, 0.4, 7),
      pixelIgnored: fall(0.65, 0.3, 8),
      seconds: 0.42 + 0.08 * noise(3 * i),
      memory: (1.4 + 0.3 * (1 - Math.exp(-i / 12))) * 2 ** 30,
    };
    if (iteration % 100 !== 0) return [train];
    const grown = 1 - Math.exp(-iteration / 220);
    const evaluation: ReportRow = {
      kind: 'evaluation',
      iteration,
      cam: 52 * grown,
      camAux: 57 * grown,
      seg: 66 * grown ** 2,
      f1: 0.9 * grown,
    };
    return [train, evaluation];
  }).flat();
}

/** A whole report on six classes, one of which nobody has seen. */
export async function sampleReport(panels = 12): Promise<ReportData> {
  const iou = (offset: number, height: number): { mean: number; perClass: number[]; absent: number[] } => {
    const perClass = Array.from({ length: 7 }, (_, k) =>
      k === 5 ? Number.NaN : Math.min(0.97, height + 0.3 * (noise(k + offset) - 0.5) + (k === 0 ? 0.2 : 0)),
    );
    const present = perClass.filter((value) => !Number.isNaN(value));
    return { perClass, absent: [5], mean: present.reduce((sum, value) => sum + value) / present.length };
  };
  const baseline = iou(8, 0.36);
  const thresholds = Array.from({ length: 99 }, (_, i) => (i + 1) / 100);
  const sweep = (best: number): ReportSweep => {
    const means = thresholds.map((threshold) => 0.6 - (threshold - best) ** 2);
    return { thresholds, means, best: { threshold: best, mean: 0.6 } };
  };
  return {
    title: 'Token Contrast on synthetic scenes',
    description:
      'A small vision transformer learned to segment six kinds of objects from nothing but the names of what an image shows.',
    command: 'npm start -- --seed 0',
    machine: 'Linux, 2 × Example CPU @ 2.5 GHz, 8 GiB, TensorFlow 2.18 (cpu)',
    classes: ['boat', 'house', 'fish', 'mushroom', 'car', 'rocket'],
    config: 'seed: 0\nbatchSize: 4\nbackbone:\n  name: vitTiny\nviews:\n  cropSize: 96\n',
    rows: sampleRows(),
    lossTerms: sampleTerms,
    batchSize: 4,
    evaluation: {
      cam: iou(3, 0.5),
      camAux: iou(4, 0.55),
      seg: iou(5, 0.65),
      f1: 0.912,
      similarity: Array.from({ length: 12 }, (_, block) => 0.2 + 0.02 * block + 0.05 * noise(block)),
      images: 200,
      masks: 200,
    },
    protocol: 'Protocol: list val of scenes, 200 images, scored at full size; fast: squashed to 96×96.',
    sweeps: { cam: sweep(0.37), camAux: sweep(0.42) },
    threshold: 0.5,
    panels: await samplePanels(panels),
    baseline: {
      camMean: baseline.mean,
      camPerClass: baseline.perClass,
      similarity: Array.from({ length: 12 }, (_, block) => 0.2 + 0.7 * (1 - Math.exp(-block / 5))),
      note: 'same start, same data and schedule, only the classification loss.',
    },
    seconds: 372,
    iterations: 600,
  };
}
