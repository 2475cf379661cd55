/** A piece of HTML that is ready for the page. */
export interface Markup {
  readonly markup: string;
}

/** What a template of {@link html} takes: text is escaped, pieces and lists of them are put in as they are. */
export type Content = string | number | Markup | readonly Content[] | undefined;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text for the inside of an element or a quoted attribute. */
export function escapeText(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character]!);
}

/** HTML from a template; everything that is put in is escaped unless it came from a template itself. */
export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  return { markup: parts.reduce((text, part, i) => text + render(contents[i - 1]) + part) };
}

/** HTML that is trusted as it is: style, scripts, encoded images. */
export function trusted(markup: string): Markup {
  return { markup };
}

/** A value for the page's script, safe inside a script element; numbers that JSON does not know become null. */
export function jsonForScript(value: unknown): Markup {
  return trusted(JSON.stringify(value).replaceAll('<', '\\u003c'));
}

function render(content: Content): string {
  if (content === undefined) return '';
  if (typeof content === 'string') return escapeText(content);
  if (typeof content === 'number') return String(content);
  return 'markup' in content ? content.markup : content.map(render).join('');
}
