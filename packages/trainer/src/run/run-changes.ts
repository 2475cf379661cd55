import { configChanges } from '@toco/method';
import type { CheckpointInfo } from '../checkpoints/checkpoint.js';
import { counted, UserError } from '@toco/files';
import type { Advice } from '../checkpoints/advice.js';

/** What a network is made of: other values are another network, which no checkpoint fits. */
const architecture = /^(?:backbone\.(?:name|depth)|network\.(?:frozen|decoderDim|projection\..*))$/;

/**
 * Lines that say what differs between a run so far and what it shall be resumed with: every key of the configuration, the
 * training images, parts of one's own.
 *
 * @throws one line where it can't be resumed so: other classes, another network, without a part of one's own
 */
export function runChanges(
  { folder, advice }: { readonly folder: string; readonly advice: Advice },
  before: Pick<CheckpointInfo, 'config' | 'iteration'> & Partial<CheckpointInfo>,
  now: Omit<CheckpointInfo, 'iteration'>,
): string[] {
  const { iteration } = before;
  const refuse = (what: string): never => {
    throw new UserError(`${folder}: ${what}; ${advice.newRun}.`);
  };
  if (iteration > 0) {
    if (before.classes && JSON.stringify(before.classes) !== JSON.stringify(now.classes)) {
      refuse(`${classChange(before.classes, now.classes)}, and a run can't be resumed with other classes`);
    }
    if (before.backbone !== undefined && before.backbone !== now.backbone) {
      refuse(`the run was trained with the backbone ${before.backbone}, now it is ${now.backbone}`);
    }
  }
  const [gave, gives] = [before.ownParts, now.ownParts ?? []];
  const lacking = gave?.filter((part) => !gives.includes(part)) ?? [];
  if (lacking.length > 0) {
    const flags = lacking.filter((part) => part === 'backbone' || part === 'network');
    const takes = flags.map((part) => `a ${part} by --${part} <file>`).join(', ');
    const byCommand = flags.length > 0 ? ` (the command takes ${takes})` : '';
    throw new UserError(
      `${folder}: up to iteration ${iteration} the run was trained with parts of one's own that are not given now: ${lacking.join(', ')}; give the same by train(config, { ${[...lacking, 'resume: true'].join(', ')} })${byCommand}, or ${advice.newRun}.`,
    );
  }
  const lines = configChanges(before.config, now.config).map(({ key, was, is }) => {
    const change = `${key} is ${is ?? 'not set'}, was ${was ?? 'not set'}`;
    if (iteration > 0 && architecture.test(key)) refuse(`${change}, and no checkpoint fits another network`);
    return `Changed from iteration ${iteration} on: ${change}.`;
  });
  const [were, are] = [before.processes ?? 1, now.processes ?? 1];
  if (iteration > 0 && were !== are)
    lines.push(
      `Changed from iteration ${iteration} on: ${are} process${are === 1 ? ' trains' : 'es train together'}, ${were} did before; batches stay what they were, sums are rounded in another order.`,
    );
  const [had, has] = [before.images, now.images];
  if (had && has && had.sha256 !== has.sha256) {
    lines.push(
      `Changed from iteration ${iteration} on: the training images or their labels (${has.count} of the list ${has.list}, was ${had.count} of ${had.list}); batches are not those that would have come.`,
    );
  }
  if (gave)
    lines.push(
      ...gives
        .filter((part) => !gave.includes(part))
        .map((part) => `Changed from iteration ${iteration} on: ${part} is one's own, was toco's.`),
    );
  if (before.enrichment && now.enrichment)
    lines.push(
      ...configChanges({ enrichment: before.enrichment }, { enrichment: now.enrichment }).map(
        ({ key, was, is }) =>
          `Changed from iteration ${iteration} on: ${key} is ${short(is)}, was ${short(was)}.`,
      ),
    );
  return lines;
}

/** A value as one would write it; of a long one its beginning. */
function short(value = 'not set'): string {
  return value.length > 80 ? `${value.slice(0, 80)}…` : value;
}

/**
 * A line where something else computes the run from now on than so far: results then differ in their last digits from those of
 * a run that was never interrupted.
 */
export function engineChange(
  { iteration, engine: was }: { readonly iteration: number; readonly engine?: string | undefined },
  is: string,
): string | undefined {
  if (iteration === 0 || was === undefined || was === is) return undefined;
  return (
    `Changed from iteration ${iteration} on: computed by ${is}, was ${was}; the last digits are no longer those of a run without ` +
    'interruption (TOCO_KERNELS and engine.threads choose kernels and threads).'
  );
}

function classChange(was: readonly string[], is: readonly string[]): string {
  const sorted = (names: readonly string[]): string => JSON.stringify([...names].sort());
  if (sorted(was) === sorted(is)) {
    const at = was.findIndex((name, i) => name !== is[i]);
    return `the classes are in another order (number ${at + 1} is ${is[at]}, was ${was[at]})`;
  }
  const gone = was.filter((name) => !is.includes(name));
  const come = is.filter((name) => !was.includes(name));
  const some = (names: readonly string[]): string =>
    `${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}`;
  const parts = [gone.length > 0 && `without ${some(gone)}`, come.length > 0 && `with ${some(come)}`];
  return `the data set has ${counted(is.length, 'class', 'classes')}, the run was trained on ${was.length} (now ${parts.filter(Boolean).join(', ')})`;
}
