import { checkBilateralFilter, checkDenseCrf, checkPar } from './check-filters.js';
import { checkDeitTiny } from './check-deit-tiny.js';
import { checkEvaluation } from './check-evaluation.js';
import { checkLosses } from './check-losses.js';
import { checkEncoder, checkNetwork } from './check-network.js';
import { checkCorrectedPseudoLabels, checkPseudoLabels } from './check-pseudo-labels.js';
import { checkTrajectory } from './check-trajectory.js';
import type { GoldenFolder } from './golden-folder.js';
import type { Row } from './row.js';

/** Each file of a folder and what checks it. `deit_tiny` needs the public weights, which lie beside the folder. */
const checks: Readonly<Record<string, (folder: GoldenFolder) => Promise<Row[]>>> = {
  encoder: checkEncoder,
  network: checkNetwork,
  losses: checkLosses,
  par: checkPar,
  pseudo_labels: checkPseudoLabels,
  pseudo_labels_corrected: checkCorrectedPseudoLabels,
  bilateral_filter: checkBilateralFilter,
  dense_crf: checkDenseCrf,
  evaluation: checkEvaluation,
  deit_tiny: checkDeitTiny,
  trajectory: (folder) => checkTrajectory(folder, 'reference'),
  trajectory_corrected: (folder) => checkTrajectory(folder, 'corrected'),
};

/** What {@link checkFolder} is told. */
export interface CheckFolderOptions {
  /** Called as soon as a quantity is known. */
  readonly onRow: (row: Row) => void;
  /** A folder whose files have been checked: those that it holds are left out. */
  readonly except?: GoldenFolder | undefined;
}

/** Checks every file that the folder holds. */
export async function checkFolder(
  folder: GoldenFolder,
  { onRow, except }: CheckFolderOptions,
): Promise<void> {
  for (const [file, check] of Object.entries(checks)) {
    if (!folder.has(file) || except?.has(file)) continue;
    for (const row of await check(folder)) onRow(row);
  }
}
