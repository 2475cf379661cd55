import { test } from '@jest/globals';

test('ends', () => undefined);
