import { test } from '@jest/globals';

test('leaves a timer and a program', async () => {
  const { spawn } = await import('node:child_process');
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  console.log(`child ${child.pid}`);
});
