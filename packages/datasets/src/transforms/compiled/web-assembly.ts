/** The part of WebAssembly's interface that is used here: the language's own types have it only with those of browsers. */
export interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

interface WebAssemblyNamespace {
  readonly Memory: new (size: { initial: number; maximum: number }) => Memory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: { env: { memory: Memory } },
  ) => { readonly exports: object };
}

// eslint-disable-next-line no-restricted-syntax -- every host has it; the types of none are loaded here
export const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyNamespace };

/** The text that base64 stands for, a byte a character: every host has it, types of none are loaded here. */
// eslint-disable-next-line no-restricted-syntax -- as above
export const { atob } = globalThis as unknown as { readonly atob: (text: string) => string };
