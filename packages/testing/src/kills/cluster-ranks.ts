import { type ChildProcess, spawn } from 'node:child_process';
import { type AddressInfo, createServer, type Server } from 'node:net';

/** How a process ended. */
export interface RankEnd {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One of several processes that train together. */
export interface Rank {
  readonly child: ChildProcess;
  readonly ended: Promise<RankEnd>;
  /** What it has printed on its error stream so far. */
  printed(): string;
  /** Resolves once it has printed this on its error stream, or has ended. */
  says(text: string): Promise<void>;
}

/** Bounds a hang, not the speed. */
const longest = 600_000;

/** Addresses of this host whose ports were free a moment ago. */
export async function freeAddresses(count: number): Promise<string[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<Server>((resolve) => {
          const server = createServer().listen(0, '127.0.0.1', () => {
            resolve(server);
          });
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports.map((port) => `127.0.0.1:${port}`);
}

/** Starts a program once for each rank, as a cluster would; `argsOf` gives each its arguments. */
export async function startRanks(
  argsOf: readonly (readonly string[])[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Rank[]> {
  const worker = await freeAddresses(argsOf.length);
  return argsOf.map((args, index) => {
    const child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: longest,
      killSignal: 'SIGKILL',
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        TF_NUM_INTRAOP_THREADS: '1',
        ...environment,
        TF_CONFIG: JSON.stringify({ cluster: { worker }, task: { type: 'worker', index } }),
      },
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const ended = new Promise<RankEnd>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status) => {
        resolve({ status, stdout, stderr });
      });
    });
    const says = (text: string): Promise<void> =>
      new Promise((resolve) => {
        const look = (): void => {
          if (stderr.includes(text)) resolve();
        };
        child.stderr.on('data', look);
        look();
        void ended.finally(resolve);
      });
    return { child, ended, printed: () => stderr, says };
  });
}
