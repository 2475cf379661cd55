import { printable } from './printable.js';

/** What a progress line shows. */
export interface ProgressStatus {
  readonly done: number;
  readonly total: number;
  /** Images per second over the last steps. */
  readonly imagesPerSecond?: number | undefined;
  /** Seconds until the end, where the caller knows better than the mean since the first unit. */
  readonly left?: number | undefined;
  /** Named values shown behind the bar, such as the loss terms. */
  readonly values?: Readonly<Record<string, number>>;
}

/** Where progress is shown: a bar that is redrawn on a terminal, a line now and then elsewhere. */
export interface Progress {
  update(status: ProgressStatus): void;
  /** Ends the bar's line, so that what follows stands on its own. */
  stop(): void;
}

/** `3:07`, `1:02:05`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const pad = (n: number): string => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`;
}

/** One line: bar, count, time passed and left, speed, values. */
export function progressLine(
  label: string,
  status: ProgressStatus,
  seconds: { readonly passed: number; readonly left?: number | undefined },
): string {
  const { done, total, imagesPerSecond, values = {} } = status;
  const width = 20;
  const filled = Math.round((width * done) / Math.max(total, 1));
  const bar = '█'.repeat(filled) + '░'.repeat(width - filled);
  const speed = imagesPerSecond === undefined ? '' : ` · ${imagesPerSecond.toFixed(1)} images/s`;
  const shown = Object.entries(values).map(([name, value]) => ` · ${name} ${value.toPrecision(3)}`);
  const left = seconds.left === undefined ? '' : `, ${formatDuration(seconds.left)} left`;
  const times = `${formatDuration(seconds.passed)} passed${left}`;
  return `${label} ${bar} ${done}/${total} · ${times}${speed}${shown.join('')}`;
}

/** Options of {@link createProgress}. */
export interface ProgressOptions {
  readonly stream?: NodeJS.WriteStream | undefined;
  /** Whether the caller gives the time left with each update, once it is known; else it is judged by the mean. */
  readonly givesLeft?: boolean | undefined;
  /** Milliseconds in which nothing is shown: what has ended by then needs no bar. Default: 0. */
  readonly quietFor?: number | undefined;
  /** Milliseconds now; for tests. */
  readonly now?: (() => number) | undefined;
}

/** Progress on the error stream: standard output stays free for results. */
export function createProgress(label: string, options: ProgressOptions = {}): Progress {
  const { stream = process.stderr, givesLeft = false, quietFor = 0, now = () => performance.now() } = options;
  const began = now();
  const interval = stream.isTTY ? 100 : 15_000;
  let last = Number.NEGATIVE_INFINITY;
  let dirty = false;
  let full = false;
  // What comes before the first update (compilation, a connection) does not count for the time left.
  let first: { time: number; done: number } | undefined;
  const meanLeft = ({ done, total }: ProgressStatus, time: number): number | undefined => {
    if (done >= total) return 0;
    if (!first || done <= first.done) return undefined;
    return ((time - first.time) / 1000 / (done - first.done)) * (total - done);
  };
  return {
    update(status) {
      const time = now();
      first ??= { time, done: status.done };
      if (last === Number.NEGATIVE_INFINITY && time - began < quietFor) return;
      // The end is always shown, and once.
      const isEnd = status.done >= status.total;
      if (isEnd ? full : time - last < interval) return;
      [last, full] = [time, isEnd];
      const passed = (time - began) / 1000;
      const left = givesLeft ? status.left : meanLeft(status, time);
      const line = printable(progressLine(label, status, { passed, left }));
      if (stream.isTTY) {
        stream.write(`\r\x1b[2K${line.slice(0, Math.max(20, stream.columns - 1))}`);
        dirty = true;
      } else {
        stream.write(`${line}\n`);
      }
    },
    stop() {
      if (dirty) stream.write('\n');
      dirty = false;
    },
  };
}
