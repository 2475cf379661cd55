// What is generated for the site: the API of every package from its doc comments, the options of every command from its help.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import GithubSlugger from 'github-slugger';
import { Application, Converter } from 'typedoc';
import { tocoProgram } from '../../packages/cli/dist/program.js';
import { root } from './pages.js';

const out = join(root, 'docs/api');

/** What can be imported: specifier → source file. */
function entries() {
  return readdirSync(join(root, 'packages')).flatMap((name) => {
    const folder = join(root, 'packages', name);
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    if (manifest.private) return [];
    return Object.entries(manifest.exports)
      .filter(([, conditions]) => conditions['@toco/source'])
      .map(([path, conditions]) => [
        `${manifest.name}${path.slice(1)}`,
        join(folder, conditions['@toco/source']),
      ]);
  });
}

async function writeApi() {
  const names = new Map(entries().map(([specifier, file]) => [file, specifier]));
  const app = await Application.bootstrapWithPlugins({
    entryPoints: [...names.keys()],
    tsconfig: fileURLToPath(new URL('tsconfig.api.json', import.meta.url)),
    plugin: ['typedoc-plugin-markdown'],
    outputs: [{ name: 'markdown', path: out }],
    // npm run typecheck has done that
    skipErrorChecking: true,
    readme: 'none',
    router: 'module',
    entryFileName: 'index',
    hideBreadcrumbs: true,
    hidePageHeader: true,
    useHTMLEncodedBrackets: true,
    excludePrivate: true,
    excludeInternal: true,
    disableGit: true,
    basePath: root,
    sourceLinkTemplate: `${repository()}/blob/main/{path}#L{line}`,
    validation: { notExported: false, invalidLink: true, rewrittenLink: true, notDocumented: false },
  });
  // a module is called what it is imported by
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.children ?? [])
      module.name = names.get(module.sources?.[0]?.fullFileName) ?? module.name;
  });
  const project = await app.convert();
  if (project === undefined) throw new Error('typedoc could not read the sources');
  app.validate(project);
  if (app.logger.hasErrors() || app.logger.hasWarnings())
    throw new Error('doc comments name what is not there, parameters or links: see above');
  await app.generateOutputs(project);
  for (const name of readdirSync(out, { recursive: true }).filter((each) => each.endsWith('.md')))
    correctAnchors(join(out, name));
}

/**
 * The plugin numbers anchors by a member's whole name, so that `EngineKind` comes after `Engine.kind` as `#enginekind-1`; pages
 * number headings, of which there is one.
 */
function correctAnchors(path) {
  const text = readFileSync(path, 'utf8');
  const slugger = new GithubSlugger();
  const anchors = new Set([...text.matchAll(/^#+ (.+)$/gm)].map(([, title]) => slugger.slug(title)));
  const corrected = text.replaceAll(/\]\(#([\w-]+)-\d+\)/g, (link, anchor) =>
    anchors.has(link.slice(3, -1)) || !anchors.has(anchor) ? link : `](#${anchor})`,
  );
  writeFileSync(path, corrected);
}

function repository() {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).homepage.replace(/#.*$/, '');
}

/** Help of a command as a section. */
function section(command) {
  const { commands } = command;
  if (commands.length > 0) return commands.map(section).join('\n');
  const name = [];
  for (let at = command; at !== null; at = at.parent) name.unshift(at.name());
  let help = '';
  command.configureOutput({ writeOut: (text) => (help += text), getOutHelpWidth: () => 110 });
  command.outputHelp();
  return `## ${name.join(' ')}\n\n\`\`\`text\n${help.trimEnd()}\n\`\`\`\n`;
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
await writeApi();
const sections = tocoProgram()
  .commands.filter((command) => command.name() !== 'help')
  .map(section);
writeFileSync(join(out, 'command-options.md'), `# Options of every command\n\n${sections.join('\n')}`);
