import sparticuz from '@sparticuz/chromium';
import { join } from 'node:path';
import { launch, type Browser } from 'puppeteer-core';

/** What {@link launchBrowser} may be told. */
interface LaunchBrowserOptions {
  /** Pages get WebGPU, computed by SwiftShader on the processor: right, and slow. Without it they have no graphics at all. */
  readonly webGpu?: boolean;
}

const swiftShader = [
  '--enable-unsafe-webgpu',
  '--use-webgpu-adapter=swiftshader',
  '--enable-features=Vulkan',
  '--use-vulkan=swiftshader',
];

/**
 * Starts the headless Chromium that npm brings, or that of `CHROME_PATH`. It is unpacked into `folder`, where its profile lies too:
 * in the common temporary folder anybody may have left another one. Remove `folder` after closing the browser.
 *
 * @throws where no browser starts on this machine
 */
export async function launchBrowser(
  folder: string,
  { webGpu = false }: LaunchBrowserOptions = {},
): Promise<Browser> {
  const { TMPDIR } = process.env;
  process.env['TMPDIR'] = folder;
  try {
    return await launch({
      executablePath: process.env['CHROME_PATH'] ?? (await sparticuz.executablePath()),
      userDataDir: join(folder, 'profile'),
      headless: 'shell',
      // Who calls has limits of their own; a busy machine is no fault of the browser's.
      protocolTimeout: 0,
      args: [
        '--no-sandbox',
        ...(webGpu ? swiftShader : ['--disable-gpu']),
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
  } finally {
    if (TMPDIR === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = TMPDIR;
  }
}
