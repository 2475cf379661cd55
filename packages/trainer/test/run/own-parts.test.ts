import { expect, test } from '@jest/globals';
import type { Enrichment } from '@toco/datasets';
import { createNetwork } from '@toco/network';
import { type Advised, adviceFor } from '../../src/checkpoints/advice.js';
import { parseConfig } from '../../src/config/parse-config.js';
import { type EnrichmentFacts, enrichmentFacts } from '../../src/checkpoints/enrichment-facts.js';
import { ownParts } from '../../src/run/own-parts.js';
import { runChanges } from '../../src/run/run-changes.js';

const config = parseConfig({});
const of = { backbone: 'vit', classes: ['cat'], config };
const changes = (before: string[] | undefined, now: string[], advised?: Advised): string[] =>
  runChanges(
    { folder: 'runs/own', advice: adviceFor(advised) },
    { ...of, iteration: 40, ...(before && { ownParts: before }) },
    { ...of, ownParts: now },
  );

test('a run that is resumed without a part of one’s own is refused, and says how it is not', () => {
  const line =
    "runs/own: up to iteration 40 the run was trained with parts of one's own that are not given now: refine; give the same by train(config, { refine, resume: true }), or start a new run";
  expect(() => changes(['targets', 'refine'], ['targets'])).toThrow(`${line} in another folder.`);
  expect(() => changes(['targets', 'refine'], ['targets'], 'command')).toThrow(
    `${line} with --out <another folder>.`,
  );
  expect(() => changes(['network', 'enrichment'], [])).toThrow(
    'not given now: network, enrichment; give the same by train(config, { network, enrichment, resume: true }) (the command takes a network by --network <file>), or start a new run',
  );
});

test('of a backbone and a network the line has the flags of the command', () => {
  expect(() => changes(['backbone', 'network'], [])).toThrow(
    'train(config, { backbone, network, resume: true }) (the command takes a backbone by --backbone <file>, a network by --network <file>), or',
  );
});

test('with another part it is told from when on', () => {
  expect(changes(['targets'], ['targets', 'refine'])).toEqual([
    "Changed from iteration 40 on: refine is one's own, was toco's.",
  ]);
});

test.each<[string, string[] | undefined, string[]]>([
  ['the same parts', ['refine'], ['refine']],
  ['a checkpoint of an earlier version', undefined, ['refine']],
  ['a checkpoint of an earlier version, without parts', undefined, []],
])('%s: nothing is said', (_, before, now) => {
  expect(changes(before, now)).toEqual([]);
});

test('a network or backbone of a module counts as one that is given', () => {
  const named = parseConfig({ network: { module: 'network.js' } });
  expect(ownParts(named, {})).toEqual(ownParts(config, { network: createNetwork }));
  expect(ownParts(parseConfig({ backbone: { module: 'backbone.js' } }), {})).toEqual(['backbone']);
  expect(ownParts(config, { refine: undefined })).toEqual([]);
});

test('an enrichment of another module, function or options is told, of an earlier version’s checkpoint nothing', () => {
  const given = {
    module: 'file:///a/b.mjs',
    export: 'edges',
    options: { sigma: 1, table: Float32Array.of(1, 2) },
  };
  const told = (before: Enrichment | undefined, now: Enrichment): string[] => {
    const facts = (one: Enrichment | undefined) => ({
      ownParts: ['enrichment'],
      // As state.json holds it.
      ...(one && { enrichment: JSON.parse(JSON.stringify(enrichmentFacts(one))) as EnrichmentFacts }),
    });
    return runChanges(
      { folder: 'runs/own', advice: adviceFor(undefined) },
      { ...of, iteration: 40, ...facts(before) },
      { ...of, ...facts(now) },
    );
  };
  expect(told(given, { ...given, module: 'file:///elsewhere/b.mjs' })).toEqual([]);
  expect(told(undefined, given)).toEqual([]);
  expect(told(given, { ...given, export: 'corners', options: { ...given.options, sigma: 2 } })).toEqual([
    'Changed from iteration 40 on: enrichment.export is "corners", was "edges".',
    'Changed from iteration 40 on: enrichment.options.sigma is 2, was 1.',
  ]);
  const table = { ...given, options: { ...given.options, table: Float32Array.of(1, 3) } };
  expect(told(given, table)).toEqual([
    expect.stringMatching(/: enrichment\.options\.table is "sha256 [0-9a-f]+", was "sha256 [0-9a-f]+"\.$/),
  ]);
  const circular: { self?: object } = {};
  circular.self = circular;
  expect(enrichmentFacts({ ...given, options: circular })).not.toHaveProperty('options');
  expect(told({ ...given, options: 1n }, { ...given, options: 2n })).toHaveLength(1);
});
