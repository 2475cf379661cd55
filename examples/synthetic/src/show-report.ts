import { spawn } from 'node:child_process';

/** Opens a file in the user's browser where somebody sits in front of a display; elsewhere nothing happens. */
export function showReport(path: string): void {
  const { platform, env, stdout } = process;
  const display =
    platform === 'darwin' ||
    platform === 'win32' ||
    env['DISPLAY'] !== undefined ||
    env['WAYLAND_DISPLAY'] !== undefined;
  if (!stdout.isTTY || !display || env['SSH_CONNECTION'] !== undefined) return;
  const [command, args]: [string, string[]] =
    platform === 'darwin'
      ? ['open', [path]]
      : platform === 'win32'
        ? ['cmd', ['/c', 'start', '', path]]
        : ['xdg-open', [path]];
  const opener = spawn(command, args, { detached: true, stdio: 'ignore' });
  opener.on('error', () => undefined); // no opener installed: the path was printed
  opener.unref();
}
