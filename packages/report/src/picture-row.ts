import { marksSvg } from './marks.js';
import type { FigurePicture } from './figure-picture.js';
import { html, trusted, type Markup } from './markup.js';

/** Pictures of one image side by side. */
export function pictureRow(id: string, pictures: readonly FigurePicture[]): Markup {
  return html`<div class="pictures" style="--columns: ${pictures.length}">
    ${pictures.map((picture) => pictureFigure(id, picture))}
  </div>`;
}

/** One picture with its title, and what is marked in it. */
export function pictureFigure(id: string, picture: FigurePicture): Markup {
  const { title, width, height, marks = [] } = picture;
  return html`<figure>
    <div class="marked">
      <img
        alt="${title} of ${id}"
        width="${width}"
        height="${height}"
        src="${trusted(dataAddress(picture))}"
      />
      ${
        marks.length > 0
          ? html`<svg viewBox="0 0 ${width} ${height}" aria-hidden="true">
              ${marksSvg(marks, Math.max(width, height) / 100)}
            </svg>`
          : undefined
      }
    </div>
    <figcaption>${title}</figcaption>
  </figure>`;
}

/** A picture as an address of its own. */
export function dataAddress({ jpeg }: Pick<FigurePicture, 'jpeg'>): string {
  return `data:image/jpeg;base64,${Buffer.from(jpeg).toString('base64')}`;
}
