/** A compiled module; it can be posted to other threads. */
export interface WasmModule {
  readonly [Symbol.toStringTag]: string;
}

interface WasmApi {
  compile(bytes: Uint8Array): Promise<WasmModule>;
  readonly Instance: new (module: WasmModule, imports: object) => object;
}

/** What this program uses of `WebAssembly`: its types come with the browser's library only, which is not ours. */
export const webAssembly = (globalThis as unknown as { readonly WebAssembly: WasmApi }).WebAssembly;
