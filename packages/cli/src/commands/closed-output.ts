/** Writing fails in these ways where nobody reads any more: a pipe (`| head`), a terminal that was closed, after the end. */
const closed = new Set(['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED']);

/** Goes on without a reader where standard output or the error stream is closed: hours of work do not end for a log. */
export function outliveClosedOutput(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (!closed.has(error.code ?? '')) throw error;
    });
  }
}
