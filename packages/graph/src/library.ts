/** File names under which TensorFlow's C API is known to be loaded by TensorFlow.js on Node. */
const pattern = /libtensorflow(_cc)?(\.so|\.\d|\.dylib)|[\\/]tensorflow(_cc)?\.dll$/;

/**
 * Path of the libtensorflow that this process has already loaded, so that a second opening of the same file is the same
 * library with the same kernels and no second copy in memory.
 *
 * @throws where no TensorFlow is loaded (another backend is in use).
 */
export function loadedLibrary(): string {
  // Interfaces are looked up over DNS unless excluded; nothing here needs them.
  const report = process.report as typeof process.report & { excludeNetwork?: boolean };
  const before = report.excludeNetwork;
  report.excludeNetwork = true;
  const { sharedObjects } = report.getReport() as { sharedObjects: string[] };
  if (before !== undefined) report.excludeNetwork = before;
  const path = sharedObjects.find((object) => pattern.test(object));
  if (path === undefined) {
    throw new Error(
      'No libtensorflow is loaded in this process: activate the tensorflow backend (tfjs-node) before compiling.',
    );
  }
  return path;
}
