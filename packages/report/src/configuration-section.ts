import { html, type Markup } from './markup.js';
import type { ReportData } from './report-data.js';

/** How to get the run again, and with which settings. */
export function configurationSection({ command, config, machine }: ReportData): Markup {
  return html`<section id="reproduce">
    <h2>Reproduce</h2>
    <pre class="command"><code>${command}</code></pre>
    <p>Run on ${machine}.</p>
    <details>
      <summary>Configuration</summary>
      <pre><code>${config.trimEnd()}</code></pre>
    </details>
  </section>`;
}
