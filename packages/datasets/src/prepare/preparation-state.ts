import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeWhole } from '@toco/formats';

/** What a preparation remembers in its folder, so that it can be ended at any moment. */
export interface PreparationState {
  /** Whether a stage is done, now or in an earlier run. */
  has(stage: string): boolean;
  /** Remembers that a stage is done, through to the disk. */
  finish(stage: string, result?: unknown): Promise<void>;
  /** What the last finished stage resulted in. */
  readonly result: unknown;
}

interface Remembered {
  readonly inputs: Readonly<Record<string, string>>;
  readonly finished: readonly string[];
  readonly result?: unknown;
}

/** The state in a file; a new one where there is none, or where the preparation had other inputs. */
export async function openState(
  path: string,
  inputs: Readonly<Record<string, string>>,
): Promise<PreparationState> {
  const earlier = await remembered(path);
  const same = earlier !== undefined && sameInputs(earlier.inputs, inputs);
  const finished = new Set(same ? earlier.finished : []);
  let result = same ? earlier.result : undefined;
  return {
    get result() {
      return result;
    },
    has: (stage) => finished.has(stage),
    async finish(stage, found) {
      finished.add(stage);
      result = found;
      await mkdir(dirname(path), { recursive: true });
      const document: Remembered = { inputs, finished: [...finished], result };
      await writeWhole(path, [new TextEncoder().encode(`${JSON.stringify(document, null, 2)}\n`)]);
    },
  };
}

async function remembered(path: string): Promise<Remembered | undefined> {
  try {
    const state = JSON.parse(await readFile(path, 'utf8')) as Partial<Remembered> | null;
    return state?.inputs && Array.isArray(state.finished) ? (state as Remembered) : undefined;
  } catch {
    return undefined;
  }
}

function sameInputs(a: Remembered['inputs'], b: Remembered['inputs']): boolean {
  return Object.keys({ ...a, ...b }).every((key) => a[key] === b[key]);
}
