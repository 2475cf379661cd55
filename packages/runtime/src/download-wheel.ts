import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '@toco/files';
import { hashFile } from '@toco/files';
import type { Wheel } from './pinned.js';
import { supportedPlatform, type SupportedPlatform } from './platform.js';
import { printToStderr, type Print } from './progress.js';
import { readableBytes } from '@toco/files';
import { isMissingProgram, lastComplaint, runProgram } from './run-program.js';

/** Bytes per second: a slower download is ended. */
const slowest = 20_000;

/** The wheels' own tags, so that neither the user's Python version nor an older pip's idea of the platform matters. */
const tags: Readonly<Record<SupportedPlatform, readonly string[]>> = {
  'linux-x64': [
    'manylinux_2_27_x86_64',
    'manylinux_2_17_x86_64',
    'manylinux2014_x86_64',
    'manylinux2010_x86_64',
  ],
  'linux-arm64': ['manylinux_2_27_aarch64', 'manylinux_2_17_aarch64', 'manylinux2014_aarch64'],
};

/**
 * Downloads a wheel with the user's own pip, which knows the mirrors, proxies and certificates of the place, and checks its
 * hash; returns its path.
 */
export async function downloadWheel(wheel: Wheel, folder: string, print: Print): Promise<string> {
  await mkdir(folder, { recursive: true });
  const asked = `${wheel.name}==${wheel.version}`;
  print(`Downloading ${asked} (${readableBytes(wheel.bytes)}) with pip`);
  const options = ['--no-deps', '--only-binary=:all:', '--python-version', '3.11', '--implementation', 'cp'];
  const platform = tags[supportedPlatform()].flatMap((tag) => ['--platform', tag]);
  const result = await runProgram(
    'python3',
    [
      '-m',
      'pip',
      'download',
      '--disable-pip-version-check',
      ...options,
      ...platform,
      '--dest',
      folder,
      asked,
    ],
    {
      showProgress: print === printToStderr,
      // A wheel in pip's cache is a little larger than the wheel itself.
      fileBytes: 1.2 * wheel.bytes + 64e6,
      seconds: 600 + wheel.bytes / slowest,
    },
  ).catch((error: unknown) => {
    if (!isMissingProgram(error)) throw error;
    throw new UserError(
      'python3 was not found: install Python 3 with pip (Debian: apt install python3-pip), ' +
        'or point TOCO_LIBTENSORFLOW at a folder that holds libtensorflow_cc.so.2.',
    );
  });
  if (result.stderr.includes('No module named pip')) {
    throw new UserError(
      'python3 has no pip: install it (Debian: apt install python3-pip; else: python3 -m ensurepip).',
    );
  }
  if (result.code !== 0) {
    throw new UserError(
      `pip could not download ${asked} (${lastComplaint(result)}): check the network or pip's mirror (python3 -m pip config list), ` +
        'or set PIP_FIND_LINKS to a folder that holds the wheel.',
    );
  }
  const name = (await readdir(folder)).find((file) => file.endsWith('.whl'));
  if (name === undefined)
    throw new UserError(`pip said that it downloaded ${asked}, but left no wheel in ${folder}.`);
  const path = join(folder, name);
  const found = await hashFile(path);
  if (found !== wheel.sha256) {
    throw new UserError(
      `${name} has the SHA-256 ${found} instead of ${wheel.sha256}: the download is broken or the mirror gave another file; ` +
        "empty pip's cache (python3 -m pip cache purge) and run the set-up again.",
    );
  }
  return path;
}
