import { heatColor } from '@toco/segmenter';
import { className } from '../class-names.js';
import { html, jsonForScript, type Markup } from '../markup.js';
import { pictureFigure } from '../picture-row.js';
import type { PatchTokens } from './shown-figures.js';

/** Photographs whose patches can be chosen: the map beside shows how alike all others are to it (paper, figure 1). */
export function patchSection(
  patches: readonly PatchTokens[],
  classes: readonly string[],
): Markup | undefined {
  if (patches.length === 0) return undefined;
  const heat = Array.from({ length: 256 }, (_, i) => heatColor(i / 255));
  return html`<section id="chosen-patch">
    <h2>How alike patches are</h2>
    <p>
      Click a place in a photograph, or move with the arrow keys: the map shows the cosine between its patch
      token and all others, dark for 0 and less, light for 1. Where tokens of object and background are alike,
      CAMs can’t tell them apart.
    </p>
    <script type="application/json" id="heat-colors">
      ${jsonForScript(heat)}
    </script>
    ${patches.map((patch) => {
      const { id, labels, picture, rows, columns, tokens, scale, start } = patch;
      const data = Buffer.from(tokens.buffer, tokens.byteOffset, tokens.byteLength).toString('base64');
      return html`<article class="panel patches">
        <p class="caption">
          ${labels.map((label) => className(label, classes))}<span class="patch"></span
          ><span class="id">${id}</span>
        </p>
        <div class="pictures" style="--columns: 2">
          ${pictureFigure(id, picture)}
          <figure>
            <div class="marked">
              <canvas
                width="${columns}"
                height="${rows}"
                style="aspect-ratio: ${picture.width} / ${picture.height}"
                role="img"
                aria-label="similarity to the chosen patch of ${id}"
              ></canvas>
            </div>
            <figcaption>similarity to the chosen patch</figcaption>
          </figure>
        </div>
        <script type="application/json">
          ${jsonForScript({ rows, columns, scale, start, data })}
        </script>
      </article>`;
    })}
  </section>`;
}
