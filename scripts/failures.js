// What failed, out of the output of many jests: said again at the end, since what comes before is long and often cut.

/** How much of one failure is repeated: message, values and place. */
const longest = 40;

/** jest's report of each failed test, or file that could not be loaded, with its package as turbo names it; each once. */
export function failuresOf(output) {
  const reports = new Map();
  let report;
  for (const line of output.split('\n')) {
    const [, task = '', text = ''] = /^(?:(\S+):test: ?)?(.*)$/.exec(line);
    const [, name] = /^ {2}● (.*)$/.exec(text) ?? [];
    if (name !== undefined) {
      const key = `${task} ● ${name}`.trim();
      report = name === 'Console' || reports.has(key) ? undefined : [key];
      if (report) reports.set(key, report);
    } else if (/^(PASS|FAIL) |^Test Suites: |^Summary of all failing tests/.test(text)) report = undefined;
    else if (report && report.length < longest) report.push(text);
  }
  return [...reports.values()].map((lines) => lines.join('\n').trimEnd());
}
