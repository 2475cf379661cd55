function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length);
}

/** IEEE 754 half precision (1 sign, 5 exponent, 10 fraction bits) to single precision, without loss. */
export function widenFloat16(halves: Uint16Array): Float32Array {
  const out = new Float32Array(halves.length);
  const bits = new Uint32Array(out.buffer);
  for (let i = 0; i < halves.length; i++) {
    const half = halves[i]!;
    const sign = (half & 0x8000) << 16;
    const exponent = (half >> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0) out[i] = (sign ? -1 : 1) * fraction * 2 ** -24;
    else if (exponent === 31) bits[i] = sign | 0x7f800000 | (fraction << 13);
    else bits[i] = sign | ((exponent + 112) << 23) | (fraction << 13);
  }
  return out;
}

/** Single to half precision, rounded to nearest with ties to even; what is too large becomes infinity. */
export function narrowFloat16(values: Float32Array): Uint16Array {
  const out = new Uint16Array(values.length);
  const source = bitsOf(values);
  for (let i = 0; i < source.length; i++) {
    const bits = source[i]!;
    const sign = (bits >>> 16) & 0x8000;
    const magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) out[i] = sign | 0x7e00 | ((magnitude >> 13) & 0x3ff);
    else if (magnitude >= 0x477ff000) out[i] = sign | 0x7c00;
    else if (magnitude >= 0x38800000) out[i] = sign | roundShift(magnitude - 0x38000000, 13);
    else out[i] = sign | subnormal(magnitude);
  }
  return out;
}

/** Magnitudes below 2⁻¹⁴ are multiples of 2⁻²⁴: shifts the fraction with its hidden bit. */
function subnormal(magnitude: number): number {
  const shift = 126 - (magnitude >>> 23);
  return shift > 24 ? 0 : roundShift((magnitude & 0x7fffff) | 0x800000, shift);
}

function roundShift(bits: number, shift: number): number {
  const odd = (bits >>> shift) & 1;
  return (bits + (2 ** (shift - 1) - 1) + odd) >>> shift;
}

/** bfloat16 (the upper half of a single) to single precision, without loss. */
export function widenBfloat16(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i]! << 16;
  return new Float32Array(bits.buffer);
}

/** Single precision to bfloat16, rounded to nearest with ties to even. */
export function narrowBfloat16(values: Float32Array): Uint16Array {
  const out = new Uint16Array(values.length);
  const source = bitsOf(values);
  for (let i = 0; i < source.length; i++) {
    const bits = source[i]!;
    const isNaN = (bits & 0x7fffffff) > 0x7f800000;
    // Rounding a NaN could carry into its exponent: it is truncated, and kept quiet.
    out[i] = isNaN ? (bits >>> 16) | 0x40 : (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
  }
  return out;
}
