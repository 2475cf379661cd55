import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export const job = {
  name: 'counts',
  says: 'takes two attempts',
  run: async ({ folder, log, resume, signal }) => {
    const path = join(folder, 'count');
    const count = existsSync(path) ? Number(readFileSync(path, 'utf8')) + 1 : 1;
    writeFileSync(path, String(count));
    log(`attempt ${count}, resume ${resume}`);
    if (count === 1) await wait(60_000, undefined, { signal }).catch(() => undefined);
    return `${count} attempts`;
  },
};
