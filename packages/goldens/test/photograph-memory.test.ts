import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const program = fileURLToPath(new URL('../dist/photograph-memory.js', import.meta.url));

interface Memory {
  readonly peak: number;
  readonly estimate: number;
}

/** What one photograph took in a process of its own. */
function measure(...args: string[]): Memory {
  const printed = execFileSync(process.execPath, ['--expose-gc', program, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return JSON.parse(printed.trim().split('\n').at(-1)!) as Memory;
}

// A peak that can be forgotten is a matter of Linux.
const describeLinux = process.platform === 'linux' ? describe : describe.skip;

describeLinux('12 megapixels', () => {
  // With 81 classes below what is promised for 21.
  test.each(['fast', 'shorter', 'window'])('%s: below 2 GB', (way) => {
    const { peak, estimate } = measure('--way', way, '--classes', '80');
    expect(peak).toBeLessThan(estimate);
    expect(estimate).toBeLessThan(2e9);
  });
});

describeLinux('the estimate lies above what an image takes, and below twice that', () => {
  test.each([
    ['deitTiny', 800, 1200],
    ['deitTiny', 1200, 1600],
    ['deitBase', 480, 640],
    ['deitBase', 640, 960],
  ])('%s at %i×%i', (backbone, height, width) => {
    const sizes = ['--height', String(height), '--width', String(width)];
    const { peak, estimate } = measure('--way', 'native', '--backbone', backbone, ...sizes);
    expect(estimate).toBeGreaterThan(peak);
    expect(estimate).toBeLessThan(2 * peak);
  });

  test.each([
    [375, 500, 2],
    [1000, 1000, 4],
  ])('refinement by PAR of %i×%i, %i classes', (height, width, classes) => {
    const sizes = ['--height', String(height), '--width', String(width), '--classes', String(classes)];
    const { peak, estimate } = measure('--way', 'par', ...sizes);
    expect(estimate).toBeGreaterThan(peak);
    expect(estimate).toBeLessThan(2 * peak);
  });
});
