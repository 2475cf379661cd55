const share = /^\s*(\d+(?:\.\d+)?)\s*%\s*$/;

interface Shares {
  readonly optimizer?: { readonly iterations?: unknown; readonly warmup?: unknown };
  readonly phases?: unknown;
}

/**
 * Plain data with iterations in place of shares of the schedule's length: `optimizer.warmup` and every phase's `from` may be
 * written as `10%`. Everything else stays as it is, mistakes included.
 *
 * @param defaultLength iterations of a schedule whose length is not given
 * @throws one line for a share beyond 100%
 */
export function resolveShares(input: unknown, defaultLength: number): unknown {
  if (typeof input !== 'object' || input === null) return input;
  const { optimizer, phases } = input as Shares;
  const length = typeof optimizer?.iterations === 'number' ? optimizer.iterations : defaultLength;
  const resolve = (value: unknown, key: string): unknown => {
    const percent = typeof value === 'string' ? share.exec(value)?.[1] : undefined;
    if (percent === undefined) return value;
    if (Number(percent) > 100) throw new Error(`${key}: ${String(value)} is beyond 100% of the schedule.`);
    return Math.round((Number(percent) / 100) * length);
  };
  return {
    ...input,
    ...(typeof optimizer?.warmup === 'string' && {
      optimizer: { ...optimizer, warmup: resolve(optimizer.warmup, 'optimizer.warmup') },
    }),
    ...(Array.isArray(phases) && {
      phases: phases.map((phase: unknown, i) =>
        typeof phase === 'object' && phase !== null && 'from' in phase
          ? { ...phase, from: resolve(phase.from, `phases.${i}.from`) }
          : phase,
      ),
    }),
  };
}
