import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { UserError } from '@toco/files';

/** Platforms for which the official wheels were tried. */
const supported = ['linux-x64', 'linux-arm64'] as const;

/** Name of a platform for which there is an engine. */
export type SupportedPlatform = (typeof supported)[number];

/**
 * Name of this platform: `linux-x64`, `linux-x64-musl`, `darwin-arm64`. `TOCO_PLATFORM` says another, to see what happens
 * there: what it names is believed, and nothing is translated.
 */
export function currentPlatform(): string {
  return process.env['TOCO_PLATFORM'] ?? `${process.platform}-${process.arch}${isMusl() ? '-musl' : ''}`;
}

/** Whether Node runs on musl (Alpine) instead of glibc, for which the wheels are built. */
function isMusl(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    return /\/(?:ld-musl-|libc\.musl-)/.test(readFileSync('/proc/self/maps', 'utf8'));
  } catch {
    return false; // no /proc: what can't load then says so itself
  }
}

/** Whether TensorFlow's engine and our compiled modules run here; elsewhere programs compute on the backend "wasm". */
export function isSupportedPlatform(): boolean {
  return (supported as readonly string[]).includes(currentPlatform());
}

/** Name of this platform (`linux-x64`); throws one sentence where no engine is known for it. */
export function supportedPlatform(name: string = currentPlatform()): SupportedPlatform {
  if (!(supported as readonly string[]).includes(name)) {
    throw new UserError(
      `There is no TensorFlow engine for ${name}, only for ${supported.join(' and ')}: ${wasmRemedy}.`,
    );
  }
  return name as SupportedPlatform;
}

/** What works where there is no engine. */
export const wasmRemedy =
  'use the backend "wasm" (npm install @tensorflow/tfjs-backend-wasm@4.22.0), which predicts, and trains small networks';

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
  return nvidiaQuery('name,memory.total');
}

/** What tells the GPUs apart (`GPU-8932f937-…`), in the order of their indices; empty where `nvidia-smi` can't be run. */
export async function nvidiaIds(): Promise<string[]> {
  return nvidiaQuery('uuid');
}

/** A line for each GPU. */
async function nvidiaQuery(fields: string): Promise<string[]> {
  try {
    const { stdout } = await promisify(execFile)('nvidia-smi', [
      `--query-gpu=${fields}`,
      '--format=csv,noheader',
    ]);
    return stdout.split('\n').flatMap((line) => line.trim() || []);
  } catch {
    return [];
  }
}
