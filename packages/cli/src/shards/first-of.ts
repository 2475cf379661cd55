import { computedList, type SampleList } from '@toco/datasets';

/** The first images of a list. */
export function firstOf(list: SampleList, most: number): SampleList {
  const { name, classes, length } = list;
  return length <= most ? list : computedList({ name, classes, length: most }, (i) => list.sample(i));
}
