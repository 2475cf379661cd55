import type { Side, StepReport } from './step-benchmark.js';

const titles: Readonly<Record<Side, string>> = {
  toco: 'toco, compiled',
  original: "PyTorch, the original's passes",
  deduplicated: 'PyTorch, de-duplicated',
  originalF32: "PyTorch, the original's passes, f32",
};

/** The report as lines for people. */
export function formatStepReport(report: StepReport): string {
  const { backbone, crop, local, batch, precision, rounds, medians, processor, memory, gflops, machine } =
    report;
  const rows = (Object.keys(medians) as Side[]).map((side) =>
    [
      titles[side].padEnd(38),
      `${(medians[side]! / 1000).toFixed(3)} s`.padStart(9),
      `${(processor[side]! / 1000).toFixed(3)} s on processors`.padStart(22),
      memory[side] === undefined ? '?'.padStart(9) : `${Math.round(memory[side])} MiB`.padStart(9),
      `${gflops[side]!.toFixed(0)} GFLOP/s`.padStart(13),
      side === 'toco' ? '' : `first losses within ${report.differences[side]!.toExponential(1)}`,
    ].join('  '),
  );
  return [
    `${backbone}, ${crop} px, local crops of ${local} px, batch ${batch}, ${precision}: medians of ${rounds} rounds`,
    ...rows,
    `original's passes : ours    ${report.ratio.toFixed(2)}   (in f32 : ours ${report.ratioF32Original.toFixed(2)})`,
    `de-duplicated : ours        ${report.ratioDeduplicated.toFixed(2)}`,
    `work                        ${report.gflop.toFixed(0)} GFLOP, de-duplicated ${report.gflopDeduplicated.toFixed(0)}, with the original's passes ${report.gflopOriginal.toFixed(0)}`,
    `matrix products of 2048     ${report.peaks.toco.toFixed(0)} GFLOP/s here, ${report.peaks.pytorch.toFixed(0)} in PyTorch; our share ${(100 * report.share).toFixed(0)} %`,
    `${machine.cpu}, ${machine.cores} cores, ${machine.threads} threads, load ${machine.load.toFixed(1)} at the start; Node ${machine.node}, ${machine.tensorflow}, ${machine.pytorch}`,
  ].join('\n');
}
