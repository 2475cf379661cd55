/**
 * Names of the objects in a VOC annotation (XML), "difficult" ones included, parts of objects not.
 *
 * @param where - What messages call the file.
 * @throws One line for a text that is no such annotation.
 */
export function namesInAnnotation(xml: string, where: string): string[] {
  if (!/<annotation[\s>]/.test(xml) || !/<\/annotation>\s*$/.test(xml)) {
    throw new Error(`${where}: not a whole VOC annotation (<annotation> … </annotation>)`);
  }
  return [...xml.matchAll(/<object>([\s\S]*?)<\/object>/g)].map((object) => {
    const own = object[1]!.replaceAll(/<part>[\s\S]*?<\/part>/g, '');
    const name = /<name>\s*([^<]*?)\s*<\/name>/.exec(own)?.[1];
    if (name === undefined) throw new Error(`${where}: an object has no <name>`);
    return name;
  });
}
