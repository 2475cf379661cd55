const { execFileSync } = require('node:child_process');
const { writeSync } = require('node:fs');
const { performance } = require('node:perf_hooks');
const { setInterval } = require('node:timers');
const { parentPort } = require('node:worker_threads');

const tick = 250;
let watched = { file: undefined, limit: 0, test: undefined };
let elapsed = 0;
let last = performance.now();

parentPort.on('message', (message) => {
  if ('file' in message) elapsed = 0;
  watched = 'file' in message ? { test: undefined, ...message } : { ...watched, ...message };
});

setInterval(() => {
  const now = performance.now();
  // A machine that slept, or a process that was stopped, has not been hanging meanwhile.
  elapsed += Math.min(now - last, 4 * tick);
  last = now;
  if (watched.file !== undefined && elapsed > watched.limit * 1000) end();
}, tick);

/** Directly to the terminal: a stream of this thread would go through the one that hangs. */
function end() {
  const where = watched.test === undefined ? '' : `\n  in: ${watched.test}`;
  const line = `\nwatchdog: ${watched.file} was ended: it took more than ${watched.limit} s (TOCO_WATCHDOG)${where}\n`;
  let rest = Buffer.from(line);
  for (let attempts = 0; rest.length > 0 && attempts < 100; attempts++) {
    try {
      rest = rest.subarray(writeSync(2, rest));
    } catch (error) {
      if (error.code !== 'EAGAIN') break;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
  // This process first: were its programs ended before it, it might just end well, with nothing left to wait for.
  try {
    execFileSync('kill', ['-9', process.pid, ...descendants(process.pid)].map(String));
  } catch {
    process.kill(process.pid, 'SIGKILL');
  }
}

/** Programs that tests started would outlive them. */
function descendants(parent) {
  let table;
  try {
    table = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  } catch {
    return [];
  }
  const rows = table
    .trim()
    .split('\n')
    .map((row) => row.trim().split(/\s+/).map(Number));
  const found = [parent];
  for (const one of found) found.push(...rows.filter(([, ppid]) => ppid === one).map(([pid]) => pid));
  return found.slice(1);
}
