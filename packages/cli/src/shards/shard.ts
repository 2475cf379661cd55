import { UserError } from '@toco/files';
import { schedulers } from './schedulers.js';

/** One of `count` equal parts of a list, from 0. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

/** The whole of a list. */
export const wholeList: Shard = { index: 0, count: 1 };

/** Places of the list that belong to a part: every `count`-th, so that parts take about the same time. */
export function placesOf({ index, count }: Shard, length: number): number[] {
  return Array.from(
    { length: Math.max(0, Math.ceil((length - index) / count)) },
    (_, i) => index + i * count,
  );
}

/**
 * The part that `--shard` names: `2/8`; `auto`, where a scheduler tells both numbers; `auto/8`, where it tells the index alone, as
 * Kubernetes and PBS do.
 *
 * @throws one line where it names none
 */
export function parseShard(text: string, environment: Readonly<Record<string, string | undefined>>): Shard {
  const [, first = '', second] = /^(auto|\d{1,6})(?:\/(\d{1,6}))?$/.exec(text) ?? [];
  if (first === '' || (first !== 'auto' && second === undefined))
    throw new UserError(`--shard ${text}: give part and number of parts, from 0, such as 0/4, or auto.`);
  const given = second === undefined ? undefined : Number(second);
  if (first !== 'auto') return checked({ index: Number(first), count: given! }, `--shard ${text}`);
  const told = schedulers.flatMap(({ name, tells }) => {
    const numbers = tells(environment);
    return numbers === undefined ? [] : [{ name, ...numbers }];
  })[0];
  if (told === undefined) {
    const names = schedulers.map(({ name }) => name).join(', ');
    throw new UserError(
      `--shard ${text}: no scheduler tells an index here (${names}); name the part, such as 0/4.`,
    );
  }
  const count = given ?? told.count;
  if (count === undefined)
    throw new UserError(
      `--shard auto: ${told.name} tells the index (${told.index}) but not the number of parts; write it, such as auto/8.`,
    );
  return checked({ index: told.index, count }, `--shard ${text} (${told.name})`);
}

function checked(shard: Shard, where: string): Shard {
  if (shard.count >= 1 && shard.index >= 0 && shard.index < shard.count) return shard;
  throw new UserError(
    `${where}: there is no part ${shard.index} of ${shard.count}; parts count from 0 to ${Math.max(0, shard.count - 1)}.`,
  );
}
