/** Some panels with a heading. */
export interface PanelGroup<T> {
  readonly title: string;
  readonly panels: readonly T[];
}

/** Panels of each group in a report. */
export const panelsPerGroup = 3;

/**
 * Panels by IoU: the best, those around the median, the worst; the worst comes last of its group. No panel is in two
 * groups; panels without a number are left out, and where there are too few for three groups, all are in one.
 */
export function rankPanels<T extends { readonly iou: number }>(
  panels: readonly T[],
  perGroup: number,
): PanelGroup<T>[] {
  const ranked = panels.filter(({ iou }) => !Number.isNaN(iou)).sort((a, b) => b.iou - a.iou);
  if (ranked.length < 3 * perGroup) {
    const all = ranked.length > 0 ? ranked : panels;
    const title = all.length > 3 * perGroup ? 'The first samples' : 'All samples';
    return all.length > 0 ? [{ title, panels: all.slice(0, 3 * perGroup) }] : [];
  }
  const middle = Math.floor((ranked.length - perGroup) / 2);
  return [
    { title: 'Best', panels: ranked.slice(0, perGroup) },
    { title: 'Typical', panels: ranked.slice(middle, middle + perGroup) },
    { title: 'Worst', panels: ranked.slice(-perGroup) },
  ];
}
