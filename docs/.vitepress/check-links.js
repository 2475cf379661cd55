// Every link between the pages that were built, fragments included: VitePress itself looks at pages alone.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Broken links of a built site, a line each.
 *
 * @param folder - the site
 * @param base - the path that it is published under, `/` or `/name/`
 */
export function brokenLinks(folder, base) {
  const files = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.html'));
  const texts = new Map(files.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
  const anchors = new Map(
    [...texts].map(([name, text]) => [
      name,
      new Set([...text.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id)),
    ]),
  );

  /** The file that an address of the site stands for. */
  const fileOf = (path) =>
    [path, `${path}.html`, join(path, 'index.html')].find(
      (name) => existsSync(join(folder, name)) && /\./.test(name),
    );

  return [...texts].flatMap(([name, text]) =>
    [...text.matchAll(/\s(?:href|src)="([^"]*)"/g)]
      .map(([, href]) => href.replaceAll('&amp;', '&'))
      .filter((href) => href.startsWith('#') || href.startsWith('/'))
      .filter((href) => {
        const [path, fragment] = href.split('#');
        if (path !== '' && !path.startsWith(base)) return true;
        const file = path === '' ? name : fileOf(decodeURIComponent(path.slice(base.length)) || 'index.html');
        if (file === undefined) return true;
        return Boolean(fragment) && anchors.has(file) && !anchors.get(file).has(decodeURIComponent(fragment));
      })
      .map((href) => `${name}: ${href}`),
  );
}
