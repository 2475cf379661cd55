/** The page's style sheet. */
export const style = `
:root {
  color-scheme: light dark;
  --paper: #fcfbf8; --card: #ffffff; --ink: #1b1d21; --muted: #62666e; --rule: #e4e1da; --wash: #f3f1ec;
  --seg: #1d5fd0; --cam: #d2511c; --aux: #b98500; --base: #7d8189; --ptc: #0c8a69; --ctc: #8847c9; --reg: #c2307a;
  --serif: ui-serif, 'Iowan Old Style', 'Palatino Linotype', Palatino, P052, Georgia, serif;
  --sans: ui-sans-serif, system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', 'Nimbus Sans', Arial, sans-serif;
  --mono: ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14161a; --card: #1b1e23; --ink: #e9e7e2; --muted: #9a9fa8; --rule: #2f333a; --wash: #22262c;
    --seg: #7fadff; --cam: #ff8d5e; --aux: #e9bb4f; --base: #9ba1aa; --ptc: #4fcaa6; --ctc: #c093f5; --reg: #f27fb4;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 var(--sans); }
main { max-width: 1120px; margin: 0 auto; padding: 56px 28px 72px; }
h1, h2, h3 { font-family: var(--serif); font-weight: 600; line-height: 1.15; text-wrap: balance; }
h1 { font-size: clamp(30px, 5vw, 46px); letter-spacing: -.012em; margin: 0 0 12px; }
h2 { font-size: 27px; margin: 0 0 10px; }
h3 { font-size: 19px; margin: 30px 0 12px; }
p { margin: 0 0 14px; max-width: 76ch; }
section { margin-top: 68px; }
section > p { color: var(--muted); }
.lead { font-size: 19px; line-height: 1.5; color: var(--muted); margin-bottom: 32px; }
.note { color: var(--muted); font-size: 14px; margin: 14px 0 0; }

.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(190px, 1fr)); gap: 14px; }
.figure { background: var(--card); border: 1px solid var(--rule); border-top: 4px solid var(--tint); border-radius: 8px; padding: 16px 18px 18px; display: flex; flex-direction: column; }
.figure .name { color: var(--muted); font-size: 14px; }
.figure .value { font: 600 46px/1.15 var(--serif); color: var(--tint); font-variant-numeric: lining-nums tabular-nums; white-space: nowrap; }
.figure .value small { font: 400 14px var(--sans); color: var(--muted); margin-left: 6px; }
.gain { font-size: 13.5px; color: var(--muted); line-height: 1.45; }
.gain b { color: var(--ink); font-variant-numeric: tabular-nums; }
.facts { display: flex; flex-wrap: wrap; gap: 14px 36px; margin: 24px 0 0; }
.facts dt { color: var(--muted); font-size: 13px; }
.facts dd { margin: 0; font-variant-numeric: tabular-nums; }

.ramp { display: inline-flex; align-items: center; gap: 6px; white-space: nowrap; font-size: 13px; margin: 0 2px; }
.ramp i { width: 90px; height: 10px; border-radius: 5px; }
.panel + .panel { margin-top: 20px; }
.caption { display: flex; flex-wrap: wrap; align-items: baseline; gap: 2px 14px; margin: 0 0 6px; font-size: 14px; max-width: none; }
.caption b { font-variant-numeric: tabular-nums; }
.caption b::before { content: 'IoU '; font-weight: 400; color: var(--muted); }
.caption .wrong { color: var(--muted); display: inline-flex; flex-wrap: wrap; gap: 2px 10px; }
.caption .id { margin-left: auto; color: var(--muted); font: 12px var(--mono); }
.class { white-space: nowrap; }
.class i { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin-right: 6px; vertical-align: -1px; box-shadow: inset 0 0 0 1px rgb(128 128 128 / .35); }
.pictures { display: grid; grid-template-columns: repeat(var(--columns), 1fr); gap: 8px; }
.pictures figure { margin: 0; }
.pictures img { display: block; width: 100%; height: auto; border-radius: 5px; background: var(--wash); }
.marked { position: relative; }
.marked svg { position: absolute; inset: 0; width: 100%; height: 100%; }
.patches .marked { cursor: crosshair; touch-action: none; }
.patches canvas { display: block; width: 100%; border-radius: 5px; image-rendering: pixelated; }
.patches .dot { position: absolute; width: 14px; height: 14px; margin: -7px 0 0 -7px; border-radius: 50%; background: #fff; border: 3px solid #111; pointer-events: none; }
.patches .patch { color: var(--muted); font-variant-numeric: tabular-nums; }
.drawing svg { display: block; border-radius: 8px; max-width: 100%; height: auto; }
.pictures figcaption { font-size: 12.5px; color: var(--muted); padding-top: 3px; line-height: 1.3; }
@media (min-width: 700px) { .panel:not(:last-child) figcaption { display: none; } }

.charts { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 18px; }
.chart { margin: 0; min-width: 0; background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: 16px 18px 12px; }
.charts .chart:first-child { grid-column: 1 / -1; }
.chart figcaption strong { font-weight: 600; margin-right: 10px; }
.chart figcaption span { color: var(--muted); font-size: 13.5px; }
.chart .plot { margin-top: 8px; min-width: 0; }
.chart .plot p { color: var(--muted); font-size: 14px; margin: 20px 0; }
.uplot { font-family: var(--sans); max-width: 100%; }
.u-legend { font-size: 13px; text-align: left; margin-top: 4px; color: var(--ink); }
.u-legend .u-marker { width: 18px; height: 4px; border-radius: 2px; margin-right: 7px; }
.u-legend th { font-weight: 400; }
.u-legend .u-series > * { padding: 3px 4px; }
.u-legend .u-value { color: var(--muted); font-variant-numeric: tabular-nums; min-width: 5.2ch; text-align: left; }
.u-legend.u-inline .u-series { margin-right: 12px; }
.u-legend.u-inline .u-series th::after { content: none; }
.u-legend .u-series:first-child { display: none; }
.u-legend .u-series.faint { display: none; }
.u-legend .u-series th:hover { background: var(--wash); border-radius: 4px; }
.u-cursor-pt.faint { display: none; }
.u-cursor-x, .u-cursor-y { border-color: var(--muted) !important; }

details { margin-top: 8px; }
summary { cursor: pointer; color: var(--muted); font-size: 13.5px; width: fit-content; }
summary:hover { color: var(--ink); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.numbers { font-size: 13px; margin: 8px 0; }
.numbers th, .numbers td { text-align: right; padding: 3px 0 3px 18px; font-weight: 400; white-space: nowrap; }
.numbers th:first-child { padding-left: 0; color: var(--muted); }
.numbers thead th { border-bottom: 1px solid var(--rule); color: var(--muted); }

.tables { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(460px, 100%), 1fr)); gap: 0 40px; align-items: start; }
.classes { width: 100%; font-size: 14.5px; }
.classes th { text-align: left; font-weight: 400; }
.classes thead th { font-size: 13px; color: var(--muted); vertical-align: bottom; padding-bottom: 8px; line-height: 1.3; }
.classes thead th:nth-child(n + 3), .classes td:not(.track) { text-align: right; padding-left: 16px; }
.classes td:not(.track) { width: 1%; min-width: 60px; }
.classes thead th:nth-child(n + 3) { min-width: 84px; max-width: 118px; }
.classes thead i { display: block; width: 22px; height: 4px; border-radius: 2px; margin: 0 0 5px auto; }
.classes tbody tr, .classes tfoot tr { border-top: 1px solid var(--rule); }
.classes tbody th, .classes tfoot th { padding: 7px 16px 7px 0; width: 1%; white-space: nowrap; }
.classes tfoot { font-weight: 600; }
.classes tfoot th { font-weight: 600; }
.classes .track { min-width: 60px; padding: 0; background: linear-gradient(90deg, var(--rule) 1px, transparent 0) 0 / 25% 100%, linear-gradient(var(--rule), var(--rule)) right / 1px 100% no-repeat; }
.classes .scale { background: none; vertical-align: bottom; padding-bottom: 8px; font-size: 12px; color: var(--muted); }
.classes .scale span { float: left; width: 0; white-space: nowrap; }
.classes .scale span + span { margin-left: 50%; transform: translateX(-1ch); }
.classes .scale span:last-child { transform: translateX(-3ch); }
.classes .track i { display: block; height: 4px; border-radius: 0 2px 2px 0; margin: 2px 0; min-width: 1px; }
.classes .track i:first-child { height: 8px; }
.classes .absent { color: var(--muted); font-style: italic; font-weight: 400; }

pre { background: var(--wash); border-radius: 8px; padding: 14px 18px; overflow-x: auto; font: 13.5px/1.5 var(--mono); margin: 0 0 14px; }
footer { margin-top: 64px; padding-top: 16px; border-top: 1px solid var(--rule); color: var(--muted); font-size: 13.5px; }

@media (max-width: 820px) { .charts { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 699px) {
  main { padding: 32px 16px 48px; }
  section { margin-top: 52px; }
  .figures { grid-template-columns: 1fr 1fr; gap: 10px; }
  .figure { padding: 12px 14px; }
  .figure .value { font-size: 36px; }
  .figure .value small { margin-left: 4px; font-size: 12.5px; }
  .pictures { grid-template-columns: repeat(3, 1fr); gap: 6px; }
  .panel + .panel { margin-top: 26px; }
  .chart { padding: 12px 10px 8px; }
  .classes, .classes thead, .classes tbody, .classes tfoot { display: block; }
  .classes tr { display: grid; grid-template-columns: 1fr repeat(3, 84px); align-items: end; }
  .classes thead th:nth-child(n + 3) { min-width: 0; max-width: none; }
  .classes thead th:nth-child(n + 3), .classes td:not(.track) { padding-left: 8px; width: auto; }
  .classes .track { grid-column: 1 / -1; order: 9; margin-bottom: 8px; }
  .classes .scale { display: none; }
  .classes tbody th, .classes tfoot th { padding-bottom: 3px; }
}
@media print { details { display: none; } section { break-inside: auto; } .panel, .chart { break-inside: avoid; } }
`;
