import { type CheckReport, type Problem } from '@toco/datasets';
import { counted, printable } from '@toco/files';
import Table from 'cli-table3';

/** The report as a table of classes and a list of problems, of findings last; names in it can't move the cursor. */
export function formatCheck(
  report: CheckReport,
  { imageByImage }: { readonly imageByImage: boolean },
): string {
  const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
  // Of photographs without masks nothing is said about any: training needs none.
  const hasMasks = report.errors > 0 || report.lists.some(({ masks }) => masks > 0);
  const ofMasks = (...cells: readonly string[]): readonly string[] => (hasMasks ? cells : []);
  const table = new Table({
    head: ['class', 'images with the label', ...ofMasks('masks with it', 'share of pixels')],
    colAligns: ['left', 'right', 'right', 'right'],
    style: { head: [], border: [] },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  });
  for (const { name, labeled, shown, pixelShare } of report.classes) {
    table.push([printable(name), labeled, ...ofMasks(String(shown), percent(pixelShare))]);
  }
  if (hasMasks) {
    table.push(['background', '', '', percent(report.backgroundShare)]);
    table.push(['(ignored)', '', '', percent(report.ignoredShare)]);
  }
  const lists = report.lists.map(
    ({ name, images, masks }) =>
      `${printable(name)}: ${[counted(images, 'image'), ...ofMasks(`${masks} readable masks`)].join(', ')}\n`,
  );
  const line = ({ kind, list, id, message }: Problem, more = ''): string =>
    `${printable(`${kind}: ${[list, id].join(' ').trimEnd()}: ${message}${more}`)}\n`;
  const problems = imageByImage
    ? report.problems.map((problem) => line(problem))
    : report.groups.map(({ first, count, another }) =>
        line(first, count > 1 ? ` (and ${count - 1} more like it, such as ${another!})` : ''),
      );
  const errorFindings = report.findings.filter(({ kind }) => kind === 'error').length;
  const left = report.errors - errorFindings + report.disagreements - report.problems.length;
  const more = imageByImage && left > 0 ? `… and ${left} more (--most shows more of them)\n` : '';
  const findings = report.findings.map(({ kind, message }) => `${printable(`${kind}: ${message}`)}\n`);
  const warnings = report.findings.filter(({ kind }) => kind === 'warning').length;
  const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
  const warned = warnings > 0 ? `, ${count(warnings, 'warning')}` : '';
  const disagreements = hasMasks
    ? `, ${count(report.disagreements, 'disagreement')} of labels and masks`
    : ' (no masks: training needs none)';
  const summary = `${count(report.errors, 'error')}${disagreements}${warned}\n`;
  const classes = report.lists.length > 0 ? `${table.toString()}\n` : '';
  return `${classes}${lists.join('')}${problems.join('')}${more}${findings.join('')}${summary}`;
}
