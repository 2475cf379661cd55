import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Rank, startRanks } from './cluster-ranks.js';
import { compareRuns } from './compare-runs.js';
import { randomNumbers } from './random-numbers.js';

/** What is trained by two processes and killed. */
export interface KilledCluster {
  /** The command's file. */
  readonly main: string;
  /** Arguments of `toco train` but for the folder. */
  readonly args: readonly string[];
  readonly iterations: number;
}

/** What {@link killCluster} may be told. */
export interface KillClusterOptions {
  readonly folder: string;
  readonly seed: number;
  readonly kills: number;
  /** Seconds within which the other process must have ended. */
  readonly bound: number;
  readonly log?: ((line: string) => void) | undefined;
  /** Goes on where {@link KillClusterOptions.signal} stopped it; what it has done so far is in the folder. */
  readonly resume?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Trains with two processes without interruption, and again with one of them killed at random moments and both started again by the
 * same command, and compares what both leave.
 *
 * @returns the most seconds that the other process took to end
 * @throws where it does not end in time, with a line that names the other, or where the runs differ
 */
export async function killCluster(training: KilledCluster, options: KillClusterOptions): Promise<number> {
  const { folder, seed, kills, bound, resume, signal, log = () => undefined } = options;
  const whole = join(folder, 'whole');
  const killed = join(folder, 'killed');
  const progressFile = join(folder, 'progress.json');
  const start = (out: string): ReturnType<typeof startRanks> => {
    const args = [training.main, 'train', ...training.args, '--out', out, '--resume', 'auto'];
    // Who waits for one that was killed at its start waits so long.
    return startRanks([args, args], { TOCO_JOIN_SECONDS: String(bound / 2) });
  };
  let progress: Progress;
  if (resume && existsSync(progressFile))
    progress = JSON.parse(readFileSync(progressFile, 'utf8')) as Progress;
  else {
    for (const path of [whole, killed]) rmSync(path, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    progress = { takes: await trainWhole(await start(whole)), done: 0, longest: 0 };
    writeFileSync(progressFile, JSON.stringify(progress));
  }
  const { takes } = progress;
  let { done, longest } = progress;
  const random = randomNumbers(seed + done);
  for (;;) {
    if (signal?.aborted) return longest;
    const both = await start(killed);
    if (done < kills) {
      const victim = random() < 0.5 ? 0 : 1;
      // The start belongs to it, now and then.
      if (random() < 0.85) await both[0]!.says('Training ');
      await sleep((0.6 * random() * takes * 3) / kills);
      const [dead, other] = [both[victim]!, both[1 - victim]!];
      const blow = performance.now();
      if (dead.child.kill('SIGKILL')) {
        const end = await Promise.race([other.ended, sleep(bound * 1000)]);
        const seconds = (performance.now() - blow) / 1000;
        for (const { child } of both) child.kill('SIGKILL');
        if (end === undefined)
          throw new Error(`Rank ${1 - victim} did not end within ${bound} s:\n${other.printed()}`);
        if (end.status === 0) continue; // it was done before
        longest = Math.max(longest, seconds);
        const last = end.stderr.trimEnd().split('\n').at(-1) ?? '';
        // Killed before they had met, it is one that did not come.
        if (!new RegExp(`rank ${victim} \\(`).test(end.stderr))
          throw new Error(`Rank ${1 - victim} does not name rank ${victim}:\n${end.stderr}`);
        done++;
        writeFileSync(progressFile, JSON.stringify({ takes, done, longest }));
        log(`kill ${done} of rank ${victim}, the other ended ${seconds.toFixed(1)} s later: ${last}`);
        continue;
      }
    }
    const ends = await Promise.all(both.map(({ ended }) => ended));
    const failed = ends.find(({ status }) => status !== 0);
    if (failed)
      throw new Error(`A run that was started again ended with ${failed.status}:\n${failed.stderr}`);
    const differences = compareRuns(whole, killed, training);
    if (differences.length > 0) throw new Error(`Killed and whole run differ:\n${differences.join('\n')}`);
    if (done >= kills) return longest;
    rmSync(killed, { recursive: true });
  }
}

/** What is left of a call that was stopped. */
interface Progress {
  /** Milliseconds that the uninterrupted run trained. */
  readonly takes: number;
  readonly done: number;
  readonly longest: number;
}

/** @returns the milliseconds that it trained */
async function trainWhole(ranks: readonly Rank[]): Promise<number> {
  await ranks[0]!.says('Training ');
  const began = performance.now();
  for (const { status, stderr } of await Promise.all(ranks.map(({ ended }) => ended)))
    if (status !== 0) throw new Error(`The uninterrupted run ended with ${status}:\n${stderr.slice(-2000)}`);
  return performance.now() - began;
}
