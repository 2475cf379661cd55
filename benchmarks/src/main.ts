import { parseArgs } from 'node:util';
import { formatStepReport } from './format-step-report.js';
import { stepBenchmark, type StepBenchmarkOptions } from './step-benchmark.js';

const usage = `pnpm bench step --backbone NAME --crop PIXELS --batch IMAGES [options]
  --precision f32|bf16   of both sides (f32)
  --rounds N             iterations of each side, in turns (7)
  --warmup N             iterations before those (2)
  --local PIXELS         side of the local crops (96 from 448 on, else 64)
  --threads N            of each side (all cores)
  --python PATH          a Python that has torch (TOCO_BENCH_PYTHON, else python3)
  --json                 the report as JSON`;

function optionsOf(args: string[]): StepBenchmarkOptions & { readonly json: boolean } {
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
      json: { type: 'boolean', default: false },
    },
  });
  if (positionals.join() !== 'step') throw new Error(usage);
  const whole = (
    key: 'crop' | 'batch' | 'rounds' | 'warmup' | 'local' | 'threads',
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
  return {
    backbone: values.backbone ?? 'deit_tiny_patch16_224',
    crop: whole('crop') ?? 224,
    batch: whole('batch') ?? 4,
    precision,
    rounds: whole('rounds') ?? 7,
    warmup: whole('warmup') ?? 2,
    local: whole('local'),
    threads: whole('threads'),
    python: values.python ?? process.env['TOCO_BENCH_PYTHON'] ?? 'python3',
    json: values.json,
    print: (line) => process.stderr.write(`${line}\n`),
  };
}

try {
  const { json, ...options } = optionsOf(process.argv.slice(2).filter((arg) => arg !== '--'));
  const report = await stepBenchmark(options);
  console.log(json ? JSON.stringify(report, null, 2) : formatStepReport(report));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
