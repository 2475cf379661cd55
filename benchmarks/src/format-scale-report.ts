import { network, titles, type ScaleReport, type ScaleSide } from './scale-benchmark.js';

/** The report as lines for people. */
export function formatScaleReport(report: ScaleReport): string {
  const { backbone, crop, batch, precision, rounds, processes, medians, processor, machine } = report;
  const { kept, keptProcessor, added, reduction, differences } = report;
  const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(3)} s`;
  const rows = (Object.keys(titles) as ScaleSide[]).map((side) =>
    [
      titles[side].padEnd(34),
      seconds(medians[side]).padStart(9),
      `${seconds(processor[side])} on processors`.padStart(22),
      `${report.imagesPerSecond[side].toFixed(2)} images/s`.padStart(15),
    ].join('  '),
  );
  return [
    `${backbone}, ${crop} px, batch ${batch} over ${processes} processes, ${precision}: medians of ${rounds} rounds`,
    ...rows,
    `with reduction : without    ${kept.toco.toFixed(3)}, PyTorch ${kept.pytorch.toFixed(3)} (by time on processors ${keptProcessor.toco.toFixed(3)}, ${keptProcessor.pytorch.toFixed(3)})`,
    `the same : one process      ${report.toOne.toFixed(3)}`,
    `added by the reduction      ${added.toco.toFixed(0)} ms, PyTorch ${added.pytorch.toFixed(0)} ms`,
    `the reduction alone         ${reduction.toco.toFixed(0)} ms, PyTorch ${reduction.pytorch.toFixed(0)} ms, of ${(report.bytes / 2 ** 20).toFixed(1)} MiB`,
    `first losses                one process within ${differences.one.toExponential(1)}, PyTorch ${differences.ddp.toExponential(1)}`,
    `machines, each with ${batch / processes} images, a ring over ${network / 1e9} Gbit/s: ${report.forecast
      .map(
        ({ machines, milliseconds, speedUp }) =>
          `${machines}: ${seconds(milliseconds)}, ${speedUp.toFixed(2)} times`,
      )
      .join('; ')}`,
    `${machine.cpu}, ${machine.cores} cores, load ${machine.load.toFixed(1)} at the start; Node ${machine.node}, ${machine.tensorflow}, ${machine.pytorch}`,
  ].join('\n');
}
