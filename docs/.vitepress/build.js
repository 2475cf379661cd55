// npm run docs:build: what is generated, the site, and a look at all its links.
import { cpSync, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'vitepress';
import { brokenLinks } from './check-links.js';
import { demo } from './demo.js';

const { values } = parseArgs({ options: { base: { type: 'string', default: '/' } } });
const docs = fileURLToPath(new URL('..', import.meta.url));
const site = fileURLToPath(new URL('dist', import.meta.url));

if (!existsSync(demo)) {
  console.error(
    `${demo} is missing, which is the first screen: npm run docs:build makes it, and so does a build of examples/browser.`,
  );
  process.exit(1);
}
await import('./reference.js');
await build(docs, { base: values.base });
cpSync(demo, `${site}/demo`, { recursive: true });
const broken = brokenLinks(site, values.base);
for (const line of broken) console.error(line);
if (broken.length > 0) {
  console.error(
    `\n${broken.length} links of the site are broken: they stand above, each behind the page that it is on.`,
  );
  process.exitCode = 1;
} else console.log(`The site: ${site}`);
