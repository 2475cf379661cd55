import { freemem } from 'node:os';
import { UserError } from '@toco/files';

const units: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 };

/** Bytes that an image may take: what `--memory` says (`4GB`, `800MB`), or half of what is free, within a container's limit too. */
export function memoryLimit(text: string | undefined): number {
  if (text === undefined)
    return Math.floor((process as { availableMemory?: () => number }).availableMemory?.() ?? freemem()) / 2;
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)b?$/i.exec(text) ?? [];
  const bytes = Number(number) * units[unit.toLowerCase()]!;
  if (number === undefined || !(bytes > 0))
    throw new UserError(`--memory ${text}: give a size such as 4GB or 800MB.`);
  return bytes;
}
