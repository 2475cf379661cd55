const { Worker } = require('node:worker_threads');

const usual = 600;
let thread;

/**
 * Ends the process when one test file takes longer than its limit. It runs in a thread of its own: jest's time limits can't
 * end code that never returns. After the last file it goes on watching, since what a file leaves open keeps jest from ending.
 */
function watch(file, options) {
  const limit = limitOf(options.watchdog);
  if (limit === 0) return;
  if (thread === undefined) {
    thread = new Worker(require.resolve('./watchdog-thread.cjs'), { execArgv: [], stderr: false });
    thread.unref();
  }
  thread.postMessage({ file, limit });
}

/** Says which test runs, or what happens between tests. */
function running(test) {
  thread?.postMessage({ test });
}

/** Watch mode waits for its user between files. */
function rest() {
  thread?.postMessage({ file: undefined });
}

function limitOf(option) {
  const given = process.env.TOCO_WATCHDOG ?? option ?? usual;
  const limit = Number(given);
  if (String(given).trim() === '' || !(limit >= 0)) {
    throw new Error(
      `TOCO_WATCHDOG is the number of seconds that a test file may take (0: any), not "${given}"`,
    );
  }
  return limit;
}

module.exports = { watch, running, rest };
