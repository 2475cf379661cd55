import { SaxesParser } from 'saxes';
import { UserError } from '@toco/files';

/** What is told of an XML text, element by element. */
export interface XmlEvents {
  /** An element begins; `path` names it and those around it: `annotations/image/polygon`. */
  readonly onOpen: (path: string, attributes: Readonly<Record<string, string>>) => void;
  /** An element ends; `text` is what stands directly in it. */
  readonly onClose?: (path: string, text: string) => void;
}

/**
 * Goes through an XML text. Entities that a document declares itself are refused, so that a short text can't become a long one.
 *
 * @throws One line that names the file and the line where it is no XML.
 */
export function eachXmlElement(xml: string, where: string, { onOpen, onClose }: XmlEvents): void {
  const parser = new SaxesParser();
  const open: { readonly path: string; text: string }[] = [];
  const fail = (message: string): never => {
    throw new UserError(`${where}, line ${parser.line}: ${message.replaceAll(/\s+/g, ' ').slice(0, 200)}`);
  };
  parser.on('error', ({ message }) => fail(message.replace(/^(?:\S+:)?\d+:\d+: /, '')));
  parser.on('doctype', (doctype) => {
    if (/<!ENTITY/i.test(doctype)) fail('declares entities of its own, which no annotation tool writes');
  });
  parser.on('opentag', ({ name, attributes }) => {
    if (open.length > 50) fail('elements lie too deep in one another');
    const around = open.at(-1);
    open.push({ path: around === undefined ? name : `${around.path}/${name}`, text: '' });
    onOpen(open.at(-1)!.path, attributes);
  });
  parser.on('text', (text) => {
    const last = open.at(-1);
    if (last !== undefined) last.text += text;
  });
  parser.on('closetag', () => {
    const { path, text } = open.pop()!;
    onClose?.(path, text.trim());
  });
  parser.write(xml).close();
}

/** A text as it stands in an attribute. */
export function xmlAttribute(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll(/[\t\n\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}
