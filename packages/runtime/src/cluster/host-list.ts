/** The hosts that Slurm's short form names: `gpu[01-03,7],login` → gpu01, gpu02, gpu03, gpu7, login. */
export function expandHostList(text: string): string[] {
  return (text.match(/(?:[^,[\]]|\[[^\]]*\])+/g) ?? []).flatMap(expandPart);
}

function expandPart(part: string): string[] {
  const found = /^([^[]*)\[([^\]]*)\](.*)$/.exec(part);
  if (!found) return [part];
  const [, before = '', ranges = '', after = ''] = found;
  return ranges.split(',').flatMap((range) => {
    const [first = '', last = first] = range.split('-');
    const count = Number(last) - Number(first) + 1;
    const numbers = Array.from({ length: count }, (_, i) =>
      String(Number(first) + i).padStart(first.length, '0'),
    );
    return numbers.flatMap((number) => expandPart(`${before}${number}${after}`));
  });
}

/** Tasks of each node by Slurm's short form: `2(x3),1` → 2, 2, 2, 1. */
export function expandCounts(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [, count = '0', times = '1'] = /^(\d+)(?:\(x(\d+)\))?$/.exec(part) ?? [];
    return Array<number>(Number(times)).fill(Number(count));
  });
}
