// npm run links: where the project lives stands in package.json of the root, and is written from there into what is published.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { homepage, bugs, repository } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));

/** A manifest with the root's links behind its license. */
function withLinks(manifest, directory) {
  const links = { homepage, bugs, repository: { ...repository, directory } };
  const others = Object.entries(manifest).filter(([key]) => !(key in links));
  const at = others.findIndex(([key]) => key === 'license') + 1;
  return Object.fromEntries([...others.slice(0, at), ...Object.entries(links), ...others.slice(at)]);
}

for (const name of readdirSync(`${root}packages`)) {
  const path = `${root}packages/${name}/package.json`;
  const manifest = JSON.parse(readFileSync(path, 'utf8'));
  if (manifest.private) continue;
  const text = `${JSON.stringify(withLinks(manifest, `packages/${name}`), undefined, 2)}\n`;
  if (text === readFileSync(path, 'utf8')) continue;
  writeFileSync(path, text);
  console.log(path.slice(root.length));
}
