import swc from '@swc/core';
import { readdirSync, writeFileSync, mkdirSync, readFileSync, statSync, existsSync } from 'node:fs';
import { join, dirname } from 'node:path';
for (const name of process.argv.slice(2)) {
  const src = `packages/${name}/src`;
  for (const f of readdirSync(src, { recursive: true })) {
    if (!f.endsWith('.ts')) continue;
    const p = join(src, f), out = join(`packages/${name}/dist`, f.replace(/\.ts$/, '.js'));
    if (existsSync(out) && statSync(out).mtimeMs > statSync(p).mtimeMs) continue;
    const { code } = swc.transformSync(readFileSync(p, 'utf8'), { filename: p, jsc: { parser: { syntax: 'typescript' }, target: 'es2023' }, module: { type: 'es6' } });
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, code);
    console.log(out);
  }
}
