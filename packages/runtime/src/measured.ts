import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { measurementsFile } from './kernels.js';

/** What was found to be faster on a processor. */
interface Measured {
  /** Whether attention of bfloat16 takes longer by `avx512_bf16` than by `avx512`. */
  readonly bf16IsSlower?: boolean;
  /** Whether products take less time by our tiles than by TensorFlow. */
  readonly productsByTiles?: boolean;
}

/**
 * What was measured on this processor before. Kept with the kernels, since a measurement beside other work may come out
 * otherwise, and what another kernel computes differs in its last bits: a run that goes on must go on with the same.
 */
export function measuredBefore(): Measured {
  const { bf16IsSlower, productsByTiles } = all()[processor()] ?? {};
  return {
    ...(typeof bf16IsSlower === 'boolean' && { bf16IsSlower }),
    ...(typeof productsByTiles === 'boolean' && { productsByTiles }),
  };
}

/** Keeps what was measured now; not where the cache can't be written: it is measured again then. */
export function rememberMeasured(measured: Measured): void {
  const path = measurementsFile();
  const unfinished = `${path}.${process.pid}`;
  const text = JSON.stringify({ ...all(), [processor()]: { ...measuredBefore(), ...measured } });
  try {
    writeFileSync(unfinished, `${text}\n`);
    renameSync(unfinished, path);
  } catch {
    // measured again next time
  }
}

function all(): Record<string, Measured | undefined> {
  try {
    const found: unknown = JSON.parse(readFileSync(measurementsFile(), 'utf8'));
    return typeof found === 'object' && found !== null ? (found as Record<string, Measured>) : {};
  } catch {
    return {}; // nothing was measured, or it is no longer legible
  }
}

function processor(): string {
  return cpus()[0]?.model ?? process.arch;
}
