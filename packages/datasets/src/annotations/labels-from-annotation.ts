import { UserError } from '@toco/files';
/**
 * Names of the objects in a VOC annotation (XML), "difficult" ones included, parts of objects not. Takes time in proportion to the
 * text, whatever it holds.
 *
 * @param where - What messages call the file.
 * @throws One line for a text that is no such annotation.
 */
export function namesInAnnotation(xml: string, where: string): string[] {
  if (!/<annotation[\s>]/.test(xml) || !xml.trimEnd().endsWith('</annotation>')) {
    throw new UserError(`${where}: not a whole VOC annotation (<annotation> … </annotation>)`);
  }
  return elements(xml, 'object').inside.map((object) => {
    const name = elements(elements(object, 'part').outside, 'name').inside[0]?.trim();
    if (name === undefined || name === '') throw new UserError(`${where}: an object has no <name>`);
    return name;
  });
}

/** The texts within the elements of a name, and the text outside of all of them. */
function elements(xml: string, name: string): { inside: string[]; outside: string } {
  const [open, close] = [`<${name}>`, `</${name}>`];
  const inside: string[] = [];
  const outside: string[] = [];
  let at = 0;
  for (;;) {
    const start = xml.indexOf(open, at);
    const end = start < 0 ? -1 : xml.indexOf(close, start);
    if (end < 0) return { inside, outside: outside.join('') + xml.slice(at) };
    outside.push(xml.slice(at, start));
    inside.push(xml.slice(start + open.length, end));
    at = end + close.length;
  }
}
