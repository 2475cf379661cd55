import { nearestName, type TensorTree } from '@toco/core';
import type { MethodParts } from './method-parts.js';
import { lossTerms, type Phase, termNames } from './phase.js';

/** Metrics of every iteration, whose names no term can have. */
const taken: readonly string[] = [
  ...lossTerms,
  ...['loss', 'gradNorm', 'lr', 'positive', 'tokenIgnored', 'pixelIgnored'],
  ...['kind', 'iteration', 'seconds', 'memory', 'stop'],
];

/**
 * Throws one line unless terms of one's own have names that are free, and every phase weighs some term, and none that there is not.
 *
 * @param own names of the terms of one's own
 */
export function assertTerms(phases: readonly Phase[], own: readonly string[]): void {
  for (const name of own) {
    if (!/^[A-Za-z]\w*$/.test(name))
      throw new Error(`The term "${name}" needs another name: letters, digits and _, a letter first.`);
    if (taken.includes(name) || name in Object.prototype)
      throw new Error(`The term "${name}" needs another name: this one is taken.`);
  }
  phases.forEach(({ weights }, i) => {
    if (!Object.values(weights).some((weight) => weight > 0))
      throw new Error(`phases.${i}.weights: all are 0; give at least one term a weight.`);
  });
  for (const name of termNames(phases)) {
    if (own.includes(name) || (lossTerms as readonly string[]).includes(name)) continue;
    const near = nearestName(name, [...lossTerms, ...own]);
    const hint = near === undefined ? '' : `did you mean ${near}? Else `;
    throw new Error(
      `phases: there is no term "${name}"; ${hint}give its function beside the configuration: terms: { ${name} }.`,
    );
  }
}

/** Throws one line unless the parts of a method of one's own are functions. */
export function assertFunctions<P extends TensorTree>({ terms = {}, targets, refine }: MethodParts<P>): void {
  if (typeof (terms as unknown) !== 'object')
    throw new Error(`terms is a ${typeof terms}, not an object of functions; give { name: function }.`);
  const named = Object.entries(terms).map(([name, term]) => [`terms.${name}`, term] as const);
  for (const [name, part] of [...named, ['targets', targets], ['refine', refine]] as const) {
    const isLeftOut = part === undefined && !name.startsWith('terms.');
    if (!isLeftOut && typeof part !== 'function')
      throw new Error(`${name} is ${part === null ? 'null' : typeof part}, not a function; give one.`);
  }
}
