/** Mean brightness of the main view and where its real pixels are: arrays of two types. */
export function brightness({ images, imgBox, key }) {
  const mean = images.reduce((sum, value) => sum + value, 0) / images.length;
  return {
    brightness: { data: Float32Array.of(mean), shape: [1] },
    place: { data: Int32Array.of(...imgBox, key.index), shape: [5] },
  };
}

/** Asks for what a sample does not have. */
export function broken({ pixels }) {
  return { count: { data: Float32Array.of(pixels.length), shape: [1] } };
}
