/** The part of WebAssembly's interface that is used here: the language's own types have it only with those of browsers. */
export interface Memory {
  readonly buffer: ArrayBuffer;
}

/** A compiled module. */
export interface Module {
  readonly [Symbol.toStringTag]: string;
}

interface WebAssemblyNamespace {
  readonly Memory: new (size: { initial: number; maximum: number }) => Memory;
  readonly Module: new (bytes: Uint8Array) => Module;
  readonly Instance: new (
    module: Module,
    imports: { env: { memory: Memory } },
  ) => { readonly exports: object };
}

export const { WebAssembly } = globalThis as typeof globalThis & {
  readonly WebAssembly: WebAssemblyNamespace;
};

/** The text that base64 stands for, a byte a character: every host has it, types of none are loaded here. */
export const { atob } = globalThis as typeof globalThis & {
  readonly atob: (text: string) => string;
};
