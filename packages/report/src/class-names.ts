import { classHexColor } from './class-color.js';
import { html, type Markup } from './markup.js';

/** A label's name behind a patch of its color. */
export function className(label: number, classes: readonly string[]): Markup {
  const name = label === 0 ? 'background' : (classes[label - 1] ?? `class ${label}`);
  return html`<span class="class"><i style="background: ${classHexColor(label)}"></i>${name}</span>`;
}
