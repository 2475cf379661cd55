import { join } from 'node:path';
import { type Config, loadConfig } from '@toco/trainer';
import type { Preset } from './presets.js';
import { type RunName, type RunRow, runs } from './runs.js';
import { scheduleSettings } from './schedule.js';
import { type Settings, settingWords } from './settings.js';

/** What a command line says about all runs. */
export interface RunOptions {
  readonly preset: Preset;
  /** Folder of all runs. */
  readonly out: string;
  /** Folder of the data set. */
  readonly data?: string | undefined;
  readonly iterations?: number | undefined;
  /** Words `key=value` over every run's configuration. */
  readonly set: readonly string[];
}

/** A run that a table or a figure shows. */
export interface PlannedRun {
  readonly name: RunName;
  readonly seed: number;
  readonly folder: string;
  /** File and words that `toco train` is given. */
  readonly file: string;
  readonly settings: readonly string[];
  /** What they come to. */
  readonly config: Config;
}

/** Whether a preset has what a run needs. */
export function canRun(name: RunName, preset: Preset): boolean {
  const { imageNet21k }: RunRow = runs[name];
  return imageNet21k !== true || preset.imageNet21k !== undefined;
}

/** The run of a name and a seed. @throws one line where its configuration is wrong */
export async function plannedRun(name: RunName, seed: number, options: RunOptions): Promise<PlannedRun> {
  const { preset, out, data, iterations, set } = options;
  const { terms, settings, cropSize, imageNet21k }: RunRow = runs[name];
  const base = await loadConfig(preset.config, settingWords(preset.settings));
  const over: Settings = {
    ...preset.settings,
    ...scheduleSettings(base, { iterations, terms }),
    ...(cropSize !== undefined && { 'localCrops.size': preset.cropSizes[cropSize] }),
    ...(imageNet21k && preset.imageNet21k),
    ...settings,
    ...(data !== undefined && { 'data.root': data }),
    seed,
  };
  const words = [...settingWords(over), ...set];
  return {
    ...{ name, seed, file: preset.config, settings: words },
    folder: join(out, `${name}-seed${seed}`),
    config: await loadConfig(preset.config, words),
  };
}
