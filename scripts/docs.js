// npm run docs:build: the documentation site, into docs/.vitepress/dist. Sets up what it needs; `-- --base /name/` for a site below a path.
import { fail, installPackages, run, say } from './bootstrap.js';

installPackages();
say('Building the command and the page of the first screen');
if (
  !run('pnpm', [
    'exec',
    'turbo',
    'run',
    'build',
    '--filter=@toco/cli',
    '--filter=@toco/example-browser',
    '--output-logs=new-only',
  ])
) {
  fail('The packages could not be built: the compiler says above why.');
}
say('The site');
if (!run('pnpm', ['--filter', '@toco/docs', 'run', 'site', ...process.argv.slice(2)])) process.exit(1);
