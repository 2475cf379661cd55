import type { NDArray, NDData } from './nd-array.js';

/** PROVISIONAL reader; replaced by the formats work. */
export function decodeSafetensors(bytes: Uint8Array): Record<string, NDArray> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerLength))) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const out: Record<string, NDArray> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const copy = bytes.slice(
      8 + headerLength + entry.data_offsets[0],
      8 + headerLength + entry.data_offsets[1],
    );
    const data: NDData =
      entry.dtype === 'F32'
        ? new Float32Array(copy.buffer)
        : entry.dtype === 'I32'
          ? new Int32Array(copy.buffer)
          : copy;
    out[name] = {
      dtype: entry.dtype === 'F32' ? 'float32' : entry.dtype === 'I32' ? 'int32' : 'uint8',
      shape: entry.shape,
      data,
    };
  }
  return out;
}
