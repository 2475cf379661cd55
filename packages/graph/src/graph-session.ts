import { bufferBytes, type CApi, checked, type Output, type Pointer } from './capi.js';
import { type GraphBuilder } from './graph-builder.js';
import { messageBytes } from '@toco/formats';

/** What one run of a session feeds and asks for. */
export interface SessionRun {
  readonly feeds?: readonly Output[];
  /** Tensors for `feeds`; they stay with the caller. */
  readonly values?: readonly Pointer[];
  readonly fetches?: readonly Output[];
  /** Operations that must run. */
  readonly targets?: readonly Pointer[];
}

/** A session of TensorFlow's on a graph, the one way in which its C API tells times of operations. */
export class GraphSession {
  readonly #api: CApi;
  readonly #session: Pointer;

  constructor(api: CApi, { graph }: GraphBuilder, config: Uint8Array) {
    this.#api = api;
    const options = api.TF_NewSessionOptions();
    try {
      this.#session = checked(api, 'session', (status) => {
        api.TF_SetConfig(options, config, config.length, status);
        return api.TF_NewSession(graph, options, status);
      });
    } finally {
      api.TF_DeleteSessionOptions(options);
    }
  }

  /** Runs on a worker thread and throws the results away; with `timed`, gives the bytes of its `RunMetadata`. */
  async run(
    { feeds = [], values = [], fetches = [], targets = [] }: SessionRun,
    { timed }: { timed: boolean },
  ): Promise<Uint8Array | undefined> {
    const api = this.#api;
    const status = api.TF_NewStatus();
    const results = Array<Pointer | null>(fetches.length).fill(null);
    const fullTrace = messageBytes([[1, 3]]); // RunOptions.trace_level
    const options = timed ? api.TF_NewBufferFromString(fullTrace, fullTrace.length) : null;
    let failure: Error | undefined;
    const execute = async (metadata: Pointer | null): Promise<void> =>
      new Promise((resolve) => {
        api.TF_SessionRun.async(
          this.#session,
          options,
          feeds,
          values,
          feeds.length,
          fetches,
          results,
          fetches.length,
          targets,
          targets.length,
          metadata,
          status,
          (error) => {
            if (error instanceof Error) failure = error;
            resolve();
          },
        );
      });
    const metadata = timed ? api.TF_NewBuffer() : null;
    try {
      await execute(metadata);
      if (failure) throw failure;
      if (api.TF_GetCode(status) !== 0) throw new Error(`The graph failed: ${api.TF_Message(status)}`);
      return metadata === null ? undefined : bufferBytes(api, metadata);
    } finally {
      for (const result of results) if (result !== null) api.TF_DeleteTensor(result);
      if (metadata !== null) api.TF_DeleteBuffer(metadata);
      if (options !== null) api.TF_DeleteBuffer(options);
      api.TF_DeleteStatus(status);
    }
  }

  /** Frees the session and its variables. */
  dispose(): void {
    checked(this.#api, 'session', (status) => {
      this.#api.TF_CloseSession(this.#session, status);
      this.#api.TF_DeleteSession(this.#session, status);
    });
  }
}
