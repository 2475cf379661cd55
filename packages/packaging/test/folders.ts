import { dirname, join } from 'node:path/posix';
import type { Import } from './imports.js';

/** Folder → folders of the same package that its files import from; `.` is the package's own. */
type FolderImports = ReadonlyMap<string, ReadonlySet<string>>;

/** The package's index looks at everything, and nothing inside may look at it: it is no part of the drawing. */
function importsOfFolders(imports: readonly Import[]): FolderImports {
  const found = new Map<string, Set<string>>();
  for (const { file, specifier } of imports) {
    if (!specifier.startsWith('.') || file === 'index.ts') continue;
    const target = join(dirname(file), specifier);
    const [from, to] = [dirname(file), target === 'index.js' ? 'index.ts' : dirname(target)];
    if (from !== to) found.set(from, (found.get(from) ?? new Set()).add(to));
    if (to === 'index.ts') found.set(to, (found.get(to) ?? new Set()).add(from));
  }
  return found;
}

/** Folders that import one another, over however many others: each knot once, its folders in order. */
export function knotsOfFolders(imports: readonly Import[]): string[][] {
  const graph = importsOfFolders(imports);
  const reached = new Map([...graph.keys()].map((folder) => [folder, reachableFrom(folder, graph)]));
  const knots = [...graph.keys()].map((folder) =>
    [...(reached.get(folder) ?? [])].filter((other) => reached.get(other)?.has(folder)).sort(),
  );
  return [...new Map(knots.filter((knot) => knot.length > 0).map((knot) => [knot.join(), knot])).values()];
}

function reachableFrom(folder: string, graph: FolderImports): Set<string> {
  const seen = new Set<string>();
  const open = [...(graph.get(folder) ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    open.push(...(graph.get(next) ?? []));
  }
  return seen;
}
