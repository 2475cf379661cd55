import { spawnSync } from 'node:child_process';

/** @throws one line where a Python has no torch */
export function assertTorch(python: string): void {
  if (spawnSync(python, ['-c', 'import torch']).status === 0) return;
  throw new Error(
    `${python} has no torch: run "python3 -m venv DIR && DIR/bin/pip install torch" and name DIR/bin/python by --python or TOCO_BENCH_PYTHON.`,
  );
}
