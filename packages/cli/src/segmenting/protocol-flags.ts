import { UserError } from '@toco/files';
import {
  type CrfPreset,
  crfPresets,
  type Passes,
  type Protocol,
  type ProtocolName,
  protocolOf,
  protocols,
  type ProtocolSettings,
  type ProtocolSize,
  validationProtocol,
  type ValidationSettings,
  type Window,
} from '@toco/segmenter';
import { type Command, Option } from 'commander';

/** Options that say how a picture goes through the network. */
export interface ProtocolFlags {
  readonly protocol: ProtocolName;
  readonly size?: string;
  readonly scales?: string;
  readonly mirror?: Passes['mirror'];
  readonly fusion?: Passes['fusion'];
  readonly camScales?: string;
  readonly crf?: string;
  readonly window?: string;
  readonly oddSizes?: 'corrected' | 'reference';
}

/** Adds the options of {@link ProtocolFlags} to a command. */
export function addProtocolOptions(command: Command, preset?: ProtocolName): Command {
  const named = new Option(
    '-p, --protocol <name>',
    'how images go through the network; the options below change it',
  );
  return command
    .addOption(named.choices(Object.keys(protocols)).default(preset))
    .option('--size <pixels>', 'native, a side that images are squashed to (448), or shorter:448')
    .option('--scales <numbers>', 'scales of the segmentation, such as 1,1.25,1.5')
    .addOption(new Option('--mirror <how>', 'how mirrored passes are added').choices(['none', 'sum', 'max']))
    .addOption(new Option('--fusion <how>', 'how scales are combined').choices(['max', 'sum', 'mean']))
    .option('--cam-scales <numbers>', 'scales of the CAMs, such as 1,0.5,1.5')
    .option('--crf <preset>', `dense CRF: none, ${Object.keys(crfPresets).join(', ')}`)
    .option(
      '--window <pixels>',
      'cut images, of native size unless --size says else, into tiles of this side; 448,112 sets their overlap too',
    )
    .addOption(
      new Option('--odd-sizes <how>', 'sizes that are not multiples of the patch').choices([
        'corrected',
        'reference',
      ]),
    );
}

/** What a command line lays over a protocol. @throws one line where it makes no sense */
export function protocolSettings(flags: ProtocolFlags): ProtocolSettings {
  const { size, scales, mirror, fusion, camScales, crf, window, oddSizes } = flags;
  return {
    // Tiles of what was squashed to their size would be no tiles.
    size: size !== undefined ? sizeOf(size) : window === undefined ? undefined : 'native',
    scales: scales === undefined ? undefined : numbersOf('--scales', scales),
    camScales: camScales === undefined ? undefined : numbersOf('--cam-scales', camScales),
    ...{ mirror, fusion, oddSizes },
    crf: crf === undefined ? undefined : crf === 'none' ? 'none' : crfOf('--crf', crf),
    window: window === undefined ? undefined : windowOf(window),
  };
}

/** A protocol by its name, `fast` with the sizes of the run's own validations, and what a command line lays over it. @throws one line where it makes no sense */
export function protocolFor(
  name: ProtocolName,
  config: ValidationSettings,
  settings: ProtocolSettings,
): Protocol {
  try {
    return protocolOf(name === 'fast' ? validationProtocol(config) : name, settings);
  } catch (error) {
    throw new UserError((error as Error).message, { cause: error });
  }
}

/** The CRF of a name. @throws one line with the names that there are, and the other words that the option takes */
export function crfOf(option: string, name: string, others: readonly string[] = ['none']): CrfPreset {
  const preset = Object.hasOwn(crfPresets, name) ? crfPresets[name] : undefined;
  if (preset !== undefined) return preset;
  throw new UserError(
    `${option} ${name}: choose among ${[...others, ...Object.keys(crfPresets)].join(', ')}.`,
  );
}

function sizeOf(text: string): ProtocolSize {
  if (text === 'native') return 'native';
  const [, shorter, side] = /^(shorter:)?(\d{1,5})$/.exec(text) ?? [];
  if (side === undefined)
    throw new UserError(`--size ${text}: give native, a side such as 448, or shorter:448.`);
  return shorter === undefined ? { squash: Number(side) } : { shorter: Number(side) };
}

function windowOf(text: string): Window {
  const [, size, overlap] = /^(\d{1,5})(?:,(\d{1,5}))?$/.exec(text) ?? [];
  if (size === undefined)
    throw new UserError(`--window ${text}: give a side in pixels, and its overlap: 448,112.`);
  return {
    size: Number(size),
    overlap: overlap === undefined ? Math.floor(Number(size) / 4) : Number(overlap),
  };
}

function numbersOf(option: string, text: string): number[] {
  const numbers = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (numbers.every((value) => Number.isFinite(value))) return numbers;
  throw new UserError(`${option} ${text}: give numbers with commas between, such as 1,1.25,1.5.`);
}
