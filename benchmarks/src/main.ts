import { parseArgs } from 'node:util';
import { crfBenchmark, formatCrfReport } from './crf-benchmark.js';
import { exportHlo } from './hlo-export.js';
import { feedBenchmark, formatFeedReport } from './feed-benchmark.js';
import { formatStepReport } from './format-step-report.js';
import { formatProof, isProven, proofTitle, prove } from './prove.js';
import { formatPredictReport, predictBenchmark } from './predict-benchmark.js';
import { profileBenchmark, type ProfileOptions } from './profile-benchmark.js';
import { formatScaleReport } from './format-scale-report.js';
import { scaleBenchmark } from './scale-benchmark.js';
import { stepBenchmark, type StepBenchmarkOptions } from './step-benchmark.js';

const usage = `pnpm bench step|profile --backbone NAME --crop PIXELS --batch IMAGES [options]
  --precision f32|bf16   of both sides (f32)
  --rounds N             iterations of each side, in turns (7)
  --warmup N             iterations before those (2)
  --local PIXELS         side of the local crops (96 from 448 on, else 64)
  --threads N            of each side (all cores)
  --python PATH          a Python that has torch (TOCO_BENCH_PYTHON, else python3)
  --json                 the report as JSON
  --top N                lines of a profile's lists (25)
pnpm bench scale [--processes N] [--apart] --backbone NAME --crop PIXELS --batch IMAGES [options as for step]
  --processes N          that share the batch, and the threads (2)
  --apart                PyTorch's processes after ours, where not all fit into memory
pnpm bench crf [--image FILE] [--rounds N] [--python PATH] [--json]
  --image FILE           a photograph (a photo-like image of 333 x 500)
  --python PATH          a Python that has pydensecrf and numpy
pnpm bench predict [--backbone NAME] [--images N] [--rounds N] [--threads N] [--compile] [--python PATH] [--json]
  --images N             photo-like images of VOC's sizes (4)
  --compile              PyTorch by torch.compile too; the faster form counts
  --python PATH          a Python that has torch, pydensecrf and numpy
pnpm bench feed [--data DIR] [--labels WHERE] [--crop PIXELS] [--batch IMAGES] [options]
  --data DIR             a data set (photo-like JPEG files of 375 x 500)
  --labels WHERE         its image-level labels, as data.labels
  --crop, --batch        448, 4
  --workers N            threads of the second measurement (as data.workers: auto)
  --rounds N             batches that count (30), after --warmup (10)
  --python PATH          a Python that has torchvision, to compare with
pnpm bench hlo --out DIR [--backbone NAME] [--crop PIXELS] [--batch IMAGES] [--precision f32|bf16]
  --out DIR              a folder for a machine with JAX alone; there: python hlo.py
pnpm bench prove --device cpu|gpu [--backbone NAME] [--crop PIXELS] [--batch IMAGES] [--rounds N] [--python PATH]
  the step in each precision, with and without XLA, two processes, PyTorch; benchmarks/gpu/prove.sh calls it`;

const commands = ['step', 'profile', 'crf', 'feed', 'hlo', 'predict', 'prove', 'scale'] as const;

interface Options extends StepBenchmarkOptions, ProfileOptions {
  readonly command: (typeof commands)[number];
  readonly out: string;
  readonly device: 'cpu' | 'gpu';
  readonly data: string | undefined;
  readonly labels: string | undefined;
  readonly workers: number | undefined;
  readonly image: string | undefined;
  readonly images: number;
  readonly processes: number | undefined;
  readonly apart: boolean;
  readonly compile: boolean;
  readonly json: boolean;
}

function optionsOf(args: string[]): Options {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      backbone: text,
      crop: text,
      batch: text,
      precision: text,
      rounds: text,
      warmup: text,
      local: text,
      threads: text,
      python: text,
      top: text,
      image: text,
      data: text,
      out: text,
      device: text,
      labels: text,
      workers: text,
      images: text,
      processes: text,
      apart: { type: 'boolean', default: false },
      compile: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const command = commands.find((name) => name === positionals.join());
  if (command === undefined || (command === 'hlo' && values.out === undefined)) throw new Error(usage);
  const isFeed = command === 'feed';
  const whole = (
    key:
      | 'crop'
      | 'batch'
      | 'rounds'
      | 'warmup'
      | 'local'
      | 'threads'
      | 'top'
      | 'workers'
      | 'images'
      | 'processes',
    least = 1,
  ): number | undefined => {
    const value = values[key];
    if (value === undefined) return undefined;
    if (!/^\d+$/.test(value) || Number(value) < least) {
      throw new Error(`--${key} ${value}: give a whole number of at least ${least}.`);
    }
    return Number(value);
  };
  const { precision = 'f32' } = values;
  if (precision !== 'f32' && precision !== 'bf16')
    throw new Error(`--precision ${precision}: choose f32 or bf16.`);
  const { device = 'cpu' } = values;
  if (device !== 'cpu' && device !== 'gpu') throw new Error(`--device ${device}: choose cpu or gpu.`);
  return {
    command,
    backbone: values.backbone ?? 'deit_tiny_patch16_224',
    crop: whole('crop') ?? (isFeed ? 448 : 224),
    batch: whole('batch') ?? 4,
    precision,
    rounds: whole('rounds') ?? (isFeed ? 30 : 7),
    warmup: whole('warmup') ?? (isFeed ? 10 : 2),
    local: whole('local'),
    threads: whole('threads'),
    python: values.python ?? process.env['TOCO_BENCH_PYTHON'] ?? 'python3',
    top: whole('top') ?? 25,
    images: whole('images') ?? 4,
    processes: whole('processes', 2),
    apart: values.apart,
    compile: values.compile,
    json: values.json,
    image: values.image,
    data: values.data,
    out: values.out ?? '',
    device,
    labels: values.labels,
    workers: whole('workers'),
    print: (line) => process.stderr.write(`${line}\n`),
  };
}

try {
  const { command, json, ...options } = optionsOf(process.argv.slice(2).filter((arg) => arg !== '--'));
  if (command === 'profile') {
    await profileBenchmark(options);
  } else if (command === 'crf') {
    const report = await crfBenchmark(options);
    console.log(json ? JSON.stringify(report, null, 2) : formatCrfReport(report));
  } else if (command === 'predict') {
    const report = await predictBenchmark(options);
    console.log(json ? JSON.stringify(report, null, 2) : formatPredictReport(report));
  } else if (command === 'prove') {
    const rows = await prove(options);
    console.log(json ? JSON.stringify(rows, null, 2) : `\n${formatProof(rows, proofTitle(options))}`);
    if (!isProven(rows)) process.exitCode = 1;
  } else if (command === 'scale') {
    const report = await scaleBenchmark(options);
    console.log(json ? JSON.stringify(report, null, 2) : formatScaleReport(report));
  } else if (command === 'hlo') {
    await exportHlo(options);
  } else if (command === 'feed') {
    const report = await feedBenchmark(options);
    console.log(json ? JSON.stringify(report, null, 2) : formatFeedReport(report));
  } else {
    const report = await stepBenchmark(options);
    console.log(json ? JSON.stringify(report, null, 2) : formatStepReport(report));
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
