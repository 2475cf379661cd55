// The pages of the site: where each one is in the repository, where on the site, and its place in the sidebar.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Sections of the sidebar, in their order; a page in `docs` names its own in its front matter. */
const sections = [
  'Start',
  'Train',
  'Use a trained network',
  'Build with the packages',
  'Reference',
  'Project',
];

/** Pages outside `docs`: file → page and section. */
const elsewhere = {
  'benchmarks/README.md': { route: 'benchmarks', section: 'Reference', order: 30 },
  'EXPERIMENTS.md': { route: 'experiments', section: 'Project', order: 10 },
  'CONTRIBUTING.md': { route: 'contributing', section: 'Project', order: 20 },
};

const read = (file) => readFileSync(`${root}/${file}`, 'utf8');
const frontMatter = (text) => parse(/^---\n([\s\S]*?)\n---\n/.exec(text)?.[1] ?? '') ?? {};
const titleOf = (text) => /^# (.+)$/m.exec(text)?.[1].replaceAll(/[`\\]/g, '');
const foldersWithReadme = (parent) =>
  readdirSync(`${root}/${parent}`)
    .filter((name) => existsSync(`${root}/${parent}/${name}/README.md`))
    .sort();

/** A page of `docs`: its front matter says where it belongs, and one that says nothing is refused. */
function ownPage(file) {
  const text = read(file);
  const { section, order, title, layout } = frontMatter(text);
  if (layout !== 'home' && (!sections.includes(section) || typeof order !== 'number'))
    throw new Error(
      `${file}: the front matter must name a section (${sections.join(', ')}) and an order (a number)`,
    );
  return {
    file,
    route: file.slice('docs/'.length, -'.md'.length),
    section,
    order,
    title: title ?? titleOf(text),
  };
}

/** All pages: those of `docs`, READMEs, the reference that was generated from doc comments. */
export function pages() {
  const own = readdirSync(`${root}/docs`)
    .filter((name) => name.endsWith('.md'))
    .map((name) => ownPage(`docs/${name}`));
  const readmes = ['packages', 'examples'].flatMap((parent) =>
    foldersWithReadme(parent).map((name) => {
      const file = `${parent}/${name}/README.md`;
      return { file, route: `${parent}/${name}`, group: parent, title: titleOf(read(file)) };
    }),
  );
  const others = Object.entries(elsewhere).map(([file, place]) => ({
    file,
    ...place,
    title: titleOf(read(file)),
  }));
  const api = existsSync(`${root}/docs/api`)
    ? readdirSync(`${root}/docs/api`, { recursive: true })
        .filter((name) => name.endsWith('.md'))
        .sort()
        .map((name) => {
          const file = `docs/api/${name}`;
          return {
            file,
            route: `api/${name.slice(0, -'.md'.length)}`,
            group: 'api',
            title: titleOf(read(file)),
          };
        })
    : [];
  return [...own, ...others, ...readmes, ...api];
}

const link = ({ title, route }) => ({ text: title, link: `/${route}` });

/** The sidebar: the sections with their pages by `order`, then packages, examples and the API. */
export function sidebar(all) {
  const inSections = sections.map((text) => ({
    text,
    items: all
      .filter(({ section }) => section === text)
      .sort((a, b) => a.order - b.order)
      .map(link),
  }));
  const groups = [
    ['Packages', 'packages'],
    ['API', 'api'],
    ['Examples', 'examples'],
  ].map(([text, group]) => ({
    text,
    collapsed: true,
    items: all.filter((page) => page.group === group).map(link),
  }));
  return [...inSections, ...groups].filter(({ items }) => items.length > 0);
}
