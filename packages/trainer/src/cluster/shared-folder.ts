import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { hashFile, type RunLock, UserError } from '@toco/files';
import { checkpointFiles } from '@toco/weights';
import { newestWholeCheckpoint } from '../checkpoints/checkpoint.js';
import { createRunFolder, hasRun, resumeRunFolder } from '../checkpoints/run-folder.js';
import type { Advice } from '../checkpoints/advice.js';
import type { Together } from './together.js';

/** The folder of a run, as one of the processes sees it that train together. */
export interface OpenedFolder {
  /** None in processes that write nothing. */
  readonly lock: RunLock | undefined;
  /** Whether there was a run before. */
  readonly resume: boolean;
  /** What it goes on from. */
  readonly checkpoint: string | undefined;
  leave(how: { readonly undo: boolean }): Promise<void>;
}

/**
 * Opens the folder of a run: the leader locks it and says which checkpoint counts, the others read the same.
 *
 * @throws one line where it can't be had, or where another process finds another checkpoint in its place
 */
export async function openFolder(
  folder: string,
  options: {
    readonly resume: boolean | 'auto';
    readonly together: Together;
    readonly print: (line: string) => void;
    readonly advice: Advice;
  },
): Promise<OpenedFolder> {
  const { together, print, advice } = options;
  let owned: Awaited<ReturnType<typeof createRunFolder>> | undefined;
  let begins = false;
  const leave = async (how: { readonly undo: boolean }): Promise<void> => owned?.leave(how);
  const found = await together
    .ofLeader('checkpoint', async () => {
      const resume = options.resume === 'auto' ? await hasRun(folder) : options.resume;
      owned = await (resume ? resumeRunFolder : createRunFolder)(folder, print, advice);
      begins = !resume;
      const newest = resume ? await newestWholeCheckpoint(folder, print) : undefined;
      return { resume, name: newest && basename(newest), hash: newest && (await hashOf(newest)) };
    })
    .catch(async (error: unknown) => {
      await leave({ undo: begins });
      throw error;
    });
  const { resume, name, hash } = found;
  const checkpoint = name === undefined ? undefined : join(folder, 'checkpoints', name);
  if (checkpoint !== undefined && !together.leads && (await hashOf(checkpoint)) !== hash)
    throw new UserError(
      `${checkpoint}: ${existsSync(checkpoint) ? 'is not the one' : 'is missing, the one'} that rank 0 continues from; give all processes one folder on shared storage with ${advice.folder}.`,
    );
  return { lock: owned?.lock, resume, checkpoint, leave };
}

/** Tells checkpoints apart: the file that seals all others. */
async function hashOf(checkpoint: string): Promise<string | undefined> {
  const path = join(checkpoint, checkpointFiles.state);
  return existsSync(path) ? hashFile(path) : undefined;
}
