import type { StageTime } from './stage-times.js';

/** A table of stages, each with its most expensive kinds of operations. */
export function formatStages(stages: readonly StageTime[]): string {
  const total = stages.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const rows = stages.map(({ stage, milliseconds, share, kinds }) => {
    const most = kinds
      .slice(0, 3)
      .map((kind) => `${kind.kind} ${kind.milliseconds.toFixed(1)} (${kind.count}×)`);
    return [stage, milliseconds.toFixed(1), `${(100 * share).toFixed(1)} %`, most.join(', ')];
  });
  const cells = [
    ['stage', 'ms', 'share', 'most of it in'],
    ...rows,
    ['total', total.toFixed(1), '100.0 %', ''],
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells
    .map(([stage = '', ms = '', share = '', most = '']) =>
      [stage.padEnd(widths[0]!), ms.padStart(widths[1]!), share.padStart(widths[2]!), most]
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
