/**
 * Starts a worker for the backend that the page's address asks for (`?backend=wasm`). The worker finds it in its name: its own address is
 * that of the file as the service worker keeps it, where nothing is asked for.
 */
export function startWorker(file: string): Worker {
  const backend = new URLSearchParams(location.search).get('backend') ?? '';
  return new Worker(new URL(file, location.href), { type: 'module', name: backend });
}
