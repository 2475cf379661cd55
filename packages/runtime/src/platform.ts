import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { UserError } from '@toco/files';

/** Platforms for which the official wheels were tried. */
const supported = ['linux-x64'];

/** Whether our compiled modules run here. */
export function isSupportedPlatform(): boolean {
  return supported.includes(`${process.platform}-${process.arch}`);
}

/** Name of this platform (`linux-x64`); throws one sentence where no engine is known for it. */
export function supportedPlatform(platform: string = process.platform, arch: string = process.arch): string {
  const name = `${platform}-${arch}`;
  if (!supported.includes(name)) {
    throw new UserError(
      `No TensorFlow engine for ${name}: only ${supported.join(', ')} is supported. ` +
        `Use the backend "wasm" (npm install @tensorflow/tfjs-backend-wasm) or "cpu" for inference and tests.`,
    );
  }
  return name;
}

/** Version of the NVIDIA driver's kernel module (`570.124.06`), "unknown" where only its devices are seen, or undefined. */
export function nvidiaDriver(): string | undefined {
  try {
    const text = readFileSync('/proc/driver/nvidia/version', 'utf8');
    return /Kernel Module\s+(?:for \S+\s+)?([\d.]+)/.exec(text)?.[1] ?? 'unknown';
  } catch {
    // WSL has no such file, but gives the device.
    return existsSync('/dev/nvidiactl') || existsSync('/dev/dxg') ? 'unknown' : undefined;
  }
}

/** The first driver that runs CUDA 12, by NVIDIA's minor-version compatibility. */
export const oldestDriver = '525.60.13';

/** Whether a driver is older than CUDA 12 needs; one of unknown version is not. */
export function isDriverTooOld(driver: string): boolean {
  const [have, need] = [driver, oldestDriver].map((version) => version.split('.').map(Number)) as [
    number[],
    number[],
  ];
  if (have.some(Number.isNaN)) return false;
  for (const [i, part] of need.entries()) if (have[i] !== part) return (have[i] ?? 0) < part;
  return false;
}

/** Names and memory of the GPUs as `nvidia-smi` lists them; empty where it can't be run. */
export async function nvidiaDevices(): Promise<string[]> {
  try {
    const { stdout } = await promisify(execFile)('nvidia-smi', [
      '--query-gpu=name,memory.total',
      '--format=csv,noheader',
    ]);
    return stdout.split('\n').filter((line) => line.trim() !== '');
  } catch {
    return [];
  }
}
