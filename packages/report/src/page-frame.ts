import { html, trusted, type Markup } from './markup.js';
import { pageScript } from './page-script.js';
import { style } from './style.js';

/** The browser itself makes sure that nothing is fetched from anywhere. */
const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/**
 * A page that needs nothing else: one HTML file.
 *
 * @param library script and style sheet of the chart library
 */
export function pageFrame(
  {
    title,
    content,
    scripts = [],
  }: { readonly title: string; readonly content: Markup; readonly scripts?: readonly string[] },
  library: { readonly script: string; readonly style: string },
): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <style>
          ${trusted(library.style)}${trusted(style)}
        </style>
      </head>
      <body>
        <main>${content}</main>
        <script>
          ${trusted(library.script)};
        </script>
        ${[pageScript, ...scripts].map(
          (script) =>
            html`<script>
              ${trusted(script)};
            </script>`,
        )}
      </body>
    </html> `.markup;
}
