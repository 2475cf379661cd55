/**
 * The arguments of a command with every setting joined to its own flag: `--set a=1 b=2 runs/voc` is
 * `--set=a=1 --set=b=2 runs/voc`. A flag that takes several values would take the run's folder as well; a setting is known by
 * its `=`, so the list ends at the first argument without one.
 */
export function settingsApart(args: readonly string[]): string[] {
  const apart: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const flag = args[i]!;
    if (flag === '--') return [...apart, ...args.slice(i)];
    const first = args[i + 1];
    if ((flag !== '--set' && flag !== '-s') || first === undefined || first.startsWith('-')) {
      apart.push(flag);
      continue;
    }
    // The first one belongs to the flag whatever it looks like: the complaint then quotes it.
    apart.push(`--set=${first}`);
    i++;
    while (args[i + 1]?.includes('=') === true && !args[i + 1]!.startsWith('-'))
      apart.push(`--set=${args[++i]!}`);
  }
  return apart;
}
