import { PickleMachine, type PickleVocabulary } from './machine.js';
import { numpyGlobals } from './numpy-globals.js';
import { pythonGlobals } from './python-globals.js';
import type { PickleValue } from './values.js';

/** What label files and other plain data name. */
export const plainVocabulary: PickleVocabulary = {
  globals: new Map([...pythonGlobals, ...numpyGlobals].map((known) => [known.global, known])),
};

/**
 * The value of a pickle (protocols 0 to 5) of plain data and NumPy arrays. Nothing of Python is run: a pickle that names any
 * other class or function is refused.
 *
 * @throws FormatError in one line, with the name of what was refused
 * @example
 * decodePickle(await readFile('labels.pkl')); // Map { '2007_000032' => { dtype: 'float32', shape: [20], data: … }, … }
 */
export function decodePickle(bytes: Uint8Array): PickleValue {
  return new PickleMachine(bytes, plainVocabulary).run();
}
