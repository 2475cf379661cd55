import { expect, test } from '@jest/globals';
import { assignGroups } from '../../src/optimizer/parameter-groups.js';

const encoder = { name: 'encoder', prefixes: ['encoder'], lrScale: 1, weightDecay: 0.01 };
const heads = { name: 'heads', prefixes: ['classifier', 'decoder'], lrScale: 10, weightDecay: 0.01 };

test('every path gets its group', () => {
  const groups = assignGroups(
    [encoder, heads],
    ['encoder.norm.weight', 'classifier.weight', 'decoder.conv6.weight'],
  );
  expect(groups.get('encoder.norm.weight')).toBe(encoder);
  expect(groups.get('decoder.conv6.weight')).toBe(heads);
});

test('a path without a group is an error', () => {
  expect(() => assignGroups([encoder, heads], ['encoder.a', 'classifier.weight', 'neck.weight'])).toThrow(
    'Parameter neck.weight belongs to no parameter group: give it exactly one.',
  );
});

test('a prefix ends at a dot', () => {
  expect(() => assignGroups([encoder], ['encoder2.weight'])).toThrow('no parameter group');
});

test('a path with two groups is an error', () => {
  expect(() =>
    assignGroups([encoder, { ...heads, prefixes: ['encoder.head'] }], ['encoder.head.weight']),
  ).toThrow('the groups encoder, heads');
});

test('a group that matches nothing is an error', () => {
  expect(() => assignGroups([encoder, heads], ['encoder.a'])).toThrow(
    'Parameter group heads matches no parameter',
  );
});
