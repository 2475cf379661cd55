import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { writeWhole, UserError } from '@toco/files';

/** What a preparation remembers in its folder, so that it can be ended at any moment. */
export interface PreparationState<Result> {
  /** Whether a stage is done, now or in an earlier run. */
  has(stage: string): boolean;
  /** Remembers that a stage is done, through to the disk; the last one with what was made. */
  finish(stage: string, result?: Result): Promise<void>;
  /** What was made, once all is done. */
  readonly result: Result | undefined;
}

/** Tells whether something that was read is what a preparation makes. */
export type IsResult<Result> = (value: unknown) => value is Result;

/** The state in a file; a new one where there is none or a damaged one, or where the preparation had other inputs. */
export async function openState<Result>(
  path: string,
  inputs: Readonly<Record<string, string>>,
  isResult: IsResult<Result>,
): Promise<PreparationState<Result>> {
  const earlier = remembered(await textOf(path), isResult);
  const same = earlier !== undefined && sameInputs(earlier.inputs, inputs);
  const finished = new Set(same ? earlier.finished : []);
  let result = same ? earlier.result : undefined;
  return {
    get result() {
      return result;
    },
    has: (stage) => finished.has(stage),
    async finish(stage, made) {
      finished.add(stage);
      result = made;
      await mkdir(dirname(path), { recursive: true });
      const document: Remembered<Result> = { inputs, finished: [...finished], ...(made && { result: made }) };
      await writeWhole(path, [new TextEncoder().encode(`${JSON.stringify(document, null, 2)}\n`)]);
    },
  };
}

/**
 * What the preparation of a folder made; undefined where it was not prepared, or not to the end.
 *
 * @throws One line when the file is damaged.
 */
export async function preparedResult<Result>(
  path: string,
  isResult: IsResult<Result>,
): Promise<Result | undefined> {
  const text = await textOf(path);
  if (text === undefined) return undefined;
  const state = remembered(text, isResult);
  if (state === undefined)
    throw new UserError(
      `${path}: the file is damaged; run the same toco prepare again, which writes it again`,
    );
  return state.result;
}

interface Remembered<Result> {
  readonly inputs: Readonly<Record<string, string>>;
  readonly finished: readonly string[];
  readonly result?: Result;
}

async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

/** The state in a text, unless it is damaged. */
function remembered<Result>(
  text: string | undefined,
  isResult: IsResult<Result>,
): Remembered<Result> | undefined {
  try {
    const state = JSON.parse(text ?? '') as Partial<Remembered<Result>> | null;
    if (!state?.inputs || !Array.isArray(state.finished)) return undefined;
    const isWhole = state.finished.includes('all') ? isResult(state.result) : state.result === undefined;
    return isWhole ? (state as Remembered<Result>) : undefined;
  } catch {
    return undefined;
  }
}

function sameInputs(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  return Object.keys({ ...a, ...b }).every((key) => a[key] === b[key]);
}
