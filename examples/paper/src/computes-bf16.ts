import { existsSync, readFileSync } from 'node:fs';

/** Whether this processor multiplies bfloat16, as Linux tells; elsewhere it is not asked, and runs stay in f32. */
export function computesBf16(): boolean {
  const flags = '/proc/cpuinfo';
  return existsSync(flags) && /\b(?:avx512_bf16|amx_bf16)\b/.test(readFileSync(flags, 'utf8'));
}
