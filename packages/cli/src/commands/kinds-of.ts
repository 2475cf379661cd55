import { UserError } from '@toco/files';

/** The words that an option was given with commas between. @throws one line where one is none of those that there are */
export function kindsOf<Kind extends string>(option: string, text: string, all: readonly Kind[]): Kind[] {
  const words = text.split(',').flatMap((word) => word.trim() || []);
  const wrong = words.find((word) => !all.includes(word as Kind));
  if (wrong !== undefined || words.length === 0)
    throw new UserError(`${option} ${wrong ?? `"${text}"`}: choose among ${all.join(', ')}.`);
  return all.filter((kind) => words.includes(kind));
}
