// Links as they are written for GitHub: to files and folders of the repository. On the site they lead to the page that was
// made of the file, else to the file on GitHub; one that leads nowhere ends the build.
import { existsSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { root } from './pages.js';

/** A plugin for markdown-it. `pages` says what is a page here, `repository` where everything else can be read. */
export function repositoryLinks(md, { pages, repository }) {
  const routes = new Map(pages.map(({ file, route }) => [file, route]));

  /** Where a link of a file leads on the site. */
  function target(href, file) {
    if (/^(?:[a-z]+:|#|\/)/i.test(href)) return href;
    const [path, fragment] = href.split('#');
    const place = relative(root, join(dirname(file), decodeURIComponent(path)));
    const hash = fragment === undefined ? '' : `#${fragment}`;
    const route = routes.get(place) ?? routes.get(join(place, 'README.md'));
    if (route !== undefined) return `/${route}${hash}`;
    if (place.startsWith('..') || !existsSync(join(root, place)))
      throw new Error(`${relative(root, file)}: the link ${href} leads to nothing`);
    const kind = statSync(join(root, place)).isDirectory() ? 'tree' : 'blob';
    return `${repository}/${kind}/main/${place}${hash}`;
  }

  md.core.ruler.push('repository-links', ({ tokens, env }) => {
    for (const link of tokens.flatMap(({ children }) => children ?? [])) {
      if (link.type === 'link_open')
        link.attrSet('href', target(link.attrGet('href'), env.realPath ?? env.path));
    }
  });
}
