import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { slug } from 'github-slugger';
import { defineConfig } from 'vitepress';
import { demo } from './demo.js';
import { repositoryLinks } from './links.js';
import { pages, root, sidebar } from './pages.js';

const all = pages();
const { homepage } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));
const repository = homepage.replace(/#.*$/, '');

/** READMEs lie outside of this package, and would look for Vue where it is not: the program that renders pages finds it here. */
const vueFromHere = {
  name: 'vue-from-here',
  enforce: 'pre',
  resolveId: (id, _importer, { ssr }) =>
    ssr && /^vue(?:\/server-renderer)?$/.test(id) ? { id, external: true } : undefined,
};

export default defineConfig({
  title: 'toco',
  description: 'Weakly-supervised semantic segmentation in TypeScript: masks from image-level labels',
  // READMEs are pages, too.
  srcDir: '..',
  srcExclude: [
    '{README,SECURITY,CODE_OF_CONDUCT}.md',
    '{scripts,runs,coverage}/**',
    '{packages,examples,benchmarks}/**/!(README).md',
    '{packages,examples}/*/*/**',
    'benchmarks/*/**',
  ],
  rewrites: Object.fromEntries(all.map(({ file, route }) => [file, `${route}.md`])),
  cleanUrls: true,
  lastUpdated: false,
  markdown: {
    anchor: { slugify: slug },
    config: (md) => md.use(repositoryLinks, { pages: all, repository }),
  },
  vite: {
    plugins: [vueFromHere],
    publicDir: fileURLToPath(new URL('../public', import.meta.url)),
    define: { __DEMO__: JSON.stringify(existsSync(demo)) },
    build: { chunkSizeWarningLimit: 4000 },
  },
  themeConfig: {
    sidebar: sidebar(all),
    outline: [2, 3],
    search: { provider: 'local' },
    socialLinks: [{ icon: 'github', link: repository }],
    nav: [
      { text: 'Quick start', link: '/getting-started' },
      { text: 'Packages', link: '/packages' },
      { text: 'Errors', link: '/errors' },
    ],
    footer: { message: 'MIT license. The method is by Ru, Zheng, Zhan and Du (CVPR 2023).' },
  },
});
