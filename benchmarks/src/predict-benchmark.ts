import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { dirname } from 'node:path';
import { benchmarkConfig } from './benchmark-config.js';
import { type Contender, startContender, type Times } from './contender.js';
import { median } from './median.js';
import { writePredictImages } from './predict-images.js';
import { script, withInputs } from './with-inputs.js';

/** What is timed, how often, and with which Python. */
export interface PredictBenchmarkOptions {
  /** A timm name. */
  readonly backbone: string;
  /** How many images of VOC's sizes go through. */
  readonly images: number;
  /** Runs of each side over all images that count; they take turns. */
  readonly rounds: number;
  /** Runs before those. */
  readonly warmup: number;
  readonly threads?: number | undefined;
  /** Whether PyTorch's side runs by `torch.compile` too. */
  readonly compile: boolean;
  /** A Python that has torch and pydensecrf. */
  readonly python: string;
  /** Takes lines about the progress. */
  readonly print: (line: string) => void;
}

type Part = 'network' | 'whole';

/** Of one part: images per second, and how many times as many as PyTorch's faster form. */
export interface PartReport {
  readonly imagesPerSecond: Readonly<Record<string, number>>;
  readonly ratio: number;
  /** The same ratio of processor time, all threads and processes together. */
  readonly processorRatio: number;
  /** Part of the pixels that have the same label on both sides. */
  readonly agreement: number;
}

/** What the benchmark found. */
export interface PredictReport {
  readonly backbone: string;
  readonly images: number;
  readonly rounds: number;
  readonly threads: number;
  readonly cpu: string;
  readonly load: number;
  /** Passes at three scales, mirrored, and their fusion into labels; and the same with the CRF. */
  readonly parts: Readonly<Record<Part, PartReport>>;
}

/**
 * Times protocol `voc` at native size on both sides in turns, each in a process of its own: the network alone, and with the CRF in a pool.
 *
 * @throws one line where a side does not start
 */
export async function predictBenchmark(options: PredictBenchmarkOptions): Promise<PredictReport> {
  const { backbone, images, python } = options;
  if (spawnSync(python, ['-c', 'import torch, numpy, pydensecrf.densecrf']).status !== 0)
    throw new Error(
      `${python} lacks torch, numpy or pydensecrf: run "python3 -m venv DIR && DIR/bin/pip install torch numpy pydensecrf2" and name DIR/bin/python by --python or TOCO_BENCH_PYTHON.`,
    );
  const config = benchmarkConfig({ backbone, crop: 224, batch: 1 });
  return withInputs(config, (path) => {
    writePredictImages(dirname(path), images);
    return inTurns(dirname(path), options);
  });
}

async function inTurns(folder: string, options: PredictBenchmarkOptions): Promise<PredictReport> {
  const { backbone, images, rounds, warmup, compile, python, print } = options;
  const load = loadavg()[0]!;
  const threads = String(options.threads ?? '-');
  const commands: Record<string, string[]> = {
    toco: [process.execPath, script('./predict-ours.js'), folder, threads, 'false'],
    eager: [python, '-B', script('../pytorch/predict.py'), folder, threads, 'eager'],
    ...(compile && {
      compiled: [python, '-B', script('../pytorch/predict.py'), folder, threads, 'compiled'],
    }),
  };
  const sides = new Map<string, Contender>();
  try {
    for (const [side, command] of Object.entries(commands)) {
      print(`starting ${side}`);
      sides.set(side, await startContender(side, command));
    }
    const times: Record<Part, Record<string, Times[]>> = { network: {}, whole: {} };
    const labels: Record<Part, Record<string, string>> = { network: {}, whole: {} };
    for (let round = -warmup; round < rounds; round++) {
      for (const part of ['network', 'whole'] as const) {
        const texts: string[] = [];
        for (const [side, contender] of sides) {
          const time = await contender.predict(part === 'whole');
          labels[part][side] = time.labels;
          if (round >= 0) (times[part][side] ??= []).push(time);
          texts.push(
            `${side} ${Math.round(time.milliseconds)} ms (${Math.round(time.processorMilliseconds)} of processors)`,
          );
        }
        print(
          `${round < 0 ? 'warming up' : `round ${round + 1} of ${rounds}`}, ${part}: ${texts.join(', ')}`,
        );
      }
    }
    const report = (part: Part): PartReport => {
      const of = (key: keyof Times): Record<string, number> =>
        Object.fromEntries(
          Object.entries(times[part]).map(([side, all]) => [side, median(all.map((one) => one[key]))]),
        );
      const [wall, processor] = [of('milliseconds'), of('processorMilliseconds')];
      const ratio = ({ toco, ...theirs }: Record<string, number>): number =>
        Math.min(...Object.values(theirs)) / toco!;
      const perSecond = Object.entries(wall).map(([side, time]) => [side, (1000 * images) / time] as const);
      return {
        imagesPerSecond: Object.fromEntries(perSecond),
        ratio: ratio(wall),
        processorRatio: ratio(processor),
        agreement: agreement(labels[part]['toco']!, labels[part]['eager']!),
      };
    };
    return {
      ...{ backbone, images, rounds, load },
      threads: sides.get('toco')!.threads,
      cpu: cpus()[0]?.model ?? 'unknown',
      parts: { network: report('network'), whole: report('whole') },
    };
  } finally {
    for (const side of sides.values()) side.close();
  }
}

function agreement(one: string, other: string): number {
  const [a, b] = [readFileSync(one), readFileSync(other)];
  let same = 0;
  for (let i = 0; i < a.length; i++) if (a[i] === b[i]) same++;
  return same / a.length;
}

/** The report as text. */
export function formatPredictReport(report: PredictReport): string {
  const { backbone, images, rounds, threads, cpu, load, parts } = report;
  const titles = { network: 'network, fused', whole: 'with the CRF' };
  return [
    `Protocol voc with ${backbone}, ${images} images of VOC's sizes, f32, medians of ${rounds} in turns`,
    `${cpu}, ${threads} threads, load ${load.toFixed(1)}`,
    ...(['network', 'whole'] as const).map((part) => {
      const { imagesPerSecond, ratio, processorRatio, agreement: same } = parts[part];
      const speeds = Object.entries(imagesPerSecond).map(([side, speed]) => `${side} ${speed.toFixed(2)}`);
      return `${titles[part].padEnd(15)} images/s: ${speeds.join(', ')}; ratio ${ratio.toFixed(2)}, of processor time ${processorRatio.toFixed(2)}; ${(100 * same).toFixed(2)} % of the labels equal`;
    }),
  ].join('\n');
}
