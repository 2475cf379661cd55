import { UserError } from '@toco/files';
/** The whole number that an option was given. @throws one line where it is none, or below `least` */
export function wholeNumber(option: string, text: string, least = 1): number {
  if (/^\d{1,6}$/.test(text) && Number(text) >= least) return Number(text);
  throw new UserError(`${option} ${text}: give a whole number, ${least} or more.`);
}
