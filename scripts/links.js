// npm run links: where the project lives stands in package.json of the root, and is written from there into what is published.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { homepage, bugs, repository } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));

/** A manifest with the root's links; everything else stays where it is. */
export function withLinks(manifest, directory) {
  const { repository: _, homepage: __, bugs: ___, ...others } = manifest;
  return Object.fromEntries(
    Object.entries(others).flatMap(([key, value]) =>
      key === 'license'
        ? [
            [key, value],
            ['homepage', homepage],
            ['bugs', bugs],
            ['repository', { ...repository, directory }],
          ]
        : [[key, value]],
    ),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of readdirSync(`${root}packages`)) {
    const path = `${root}packages/${name}/package.json`;
    const manifest = JSON.parse(readFileSync(path, 'utf8'));
    if (manifest.private) continue;
    const text = `${JSON.stringify(withLinks(manifest, `packages/${name}`), undefined, 2)}\n`;
    if (text === readFileSync(path, 'utf8')) continue;
    writeFileSync(path, text);
    console.log(path.slice(root.length));
  }
}
