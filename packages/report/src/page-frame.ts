import { html, trusted, type Markup } from './markup.js';
import type { PageFiles } from './page-files.js';

/** The browser itself makes sure that nothing is fetched from anywhere. */
const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/**
 * A page that needs nothing else: one HTML file.
 *
 * @param files what is put into it
 */
export function pageFrame(
  { title, content }: { readonly title: string; readonly content: Markup },
  { styles, scripts }: PageFiles,
): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <style>
          ${styles.map((style) => trusted(style))}
        </style>
      </head>
      <body>
        <main>${content}</main>
        ${scripts.map(
          (script) =>
            html`<script>
              ${trusted(script)};
            </script>`,
        )}
      </body>
    </html> `.markup;
}
