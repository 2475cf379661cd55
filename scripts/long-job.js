// One job of `npm run test:long` in a process of its own: node long-job.js FILE FOLDER RESULT
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const [file, folder, result] = process.argv.slice(2);
const { job } = await import(pathToFileURL(file));
const resume = existsSync(folder) && readdirSync(folder).length > 0;
mkdirSync(folder, { recursive: true });

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => interruption.abort());

const figures = await job.run({
  folder,
  resume,
  signal: interruption.signal,
  log: (line) => console.log(`  ${line}`),
});
if (!interruption.signal.aborted) writeFileSync(result, JSON.stringify({ figures: String(figures ?? '') }));
process.exit(interruption.signal.aborted ? 130 : 0);
