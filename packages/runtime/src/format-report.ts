import type { DoctorReport } from './doctor.js';
import { readableBytes } from '@toco/files';

/**
 * The report of {@link doctor} as a table, with the problems and what fixes them below it.
 *
 * @example
 * ```ts
 * console.log(formatReport(await doctor()));
 * ```
 */
export function formatReport(report: DoctorReport): string {
  const { versions, cache, memory, problems } = report;
  const rows: [string, string][] = [
    ['node', `${versions.node} (${report.platform})`],
    ['@toco/runtime', versions.runtime],
    ['tfjs-core', versions.tfjs],
    ['libtensorflow', versions.tensorflow ?? 'not usable'],
    ['library', report.library ?? 'none'],
    ['computes on', report.device === undefined ? 'nothing yet' : report.device.toUpperCase()],
    ['kernels', report.kernels ?? "TensorFlow's own"],
    ['NVIDIA driver', report.driver ?? 'none'],
    ...report.gpus.map((gpu, index): [string, string] => [`GPU ${index}`, gpu]),
    ['threads', String(report.threads)],
    ['memory', `${readableBytes(memory.total)}, ${readableBytes(memory.free)} free`],
    ['cache', cache.folder],
    ...cache.contents.map(({ name, bytes, damage }): [string, string] => [
      '',
      `${name}: ${damage ?? readableBytes(bytes)}`,
    ]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    ...rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    '',
    ...(problems.length === 0
      ? ['Everything is in place.']
      : problems.flatMap(({ problem, remedy }) => [`Missing: ${problem}`, `  fix: ${remedy}`])),
  ].join('\n');
}
