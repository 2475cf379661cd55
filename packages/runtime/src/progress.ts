/** Takes one line for the user. */
export type Print = (line: string) => void;

/** Writes a line to stderr, so that what a program prints on stdout stays its own. */
export const printToStderr: Print = (line) => {
  process.stderr.write(`${line}\n`);
};

/** Shows how far something is: on a terminal in place, elsewhere a line per quarter. */
export function progress(label: string, total: number, print: Print): (done: number) => void {
  const terminal = print === printToStderr && process.stderr.isTTY;
  const step = terminal ? 1 : 25;
  let shown = -1;
  return (done) => {
    const percent = Math.floor((100 * done) / Math.max(total, 1) / step) * step;
    if (percent === shown) return;
    shown = percent;
    if (terminal) process.stderr.write(`\r${label}: ${percent} %${percent === 100 ? '\n' : ''}`);
    else if (percent > 0) print(`${label}: ${percent} %`);
  };
}
