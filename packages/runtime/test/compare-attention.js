// Compares attention and its gradient, in float32 and bfloat16, with the same in float64, and prints for each shape the largest
// errors relative to the largest value, with their bounds. A program of its own, so that any Node can run it, on any processor.
// TensorFlow.js has no bfloat16, so the operations are called by their names.
const tf = await import('@tensorflow/tfjs-core');
const { initBackend } = await import('../dist/index.js');
const { kernels } = await initBackend({ backend: 'tensorflow', print: () => undefined });
const { binding } = tf.backend();
const type = (name, value) => ({ name, type: binding.TF_ATTR_TYPE, value });
const threads = { name: 'threads', type: binding.TF_ATTR_INT, value: 3 };
const cast = (id, from, to) =>
  binding.executeOp(
    'Cast',
    [type('SrcT', from), type('DstT', to), { name: 'Truncate', type: binding.TF_ATTR_BOOL, value: false }],
    [id],
    1,
  )[0].id;
let seed = 1;
const draw = (count) =>
  Float32Array.from({ length: count }, () => ((seed = (seed * 48271) % 2147483647) / 1073741824 - 1) * 2);
const rounded = (x) =>
  new Float32Array(binding.tensorDataSync(cast(cast(binding.createTensor([x.length], 1, x), 1, 14), 14, 1)));
const results = [];
for (const T of [1, 14])
  for (const [images, tokens, heads, size] of [
    [2, 45, 2, 64],
    [1, 1, 1, 8],
    [1, 7, 3, 24],
    [1, 130, 2, 32],
    [2, 49, 1, 5],
    [1, 33, 2, 100],
    [1, 197, 2, 64],
    [2, 50, 1, 64],
    [1, 1, 2, 64],
    [1, 450, 1, 64], // so few heads that threads share one
  ]) {
    const make = (shape) => {
      const values = draw(shape.reduce((a, b) => a * b));
      return { shape, values: T === 1 ? values : rounded(values) };
    };
    const [qkv, dOutput] = [make([images, tokens, 3, heads, size]), make([images, tokens, heads, size])];
    const feed = ({ shape, values }) =>
      (T === 1 ? (id) => id : (id) => cast(id, 1, 14))(binding.createTensor(shape, 1, values));
    const [x, dy] = [feed(qkv), feed(dOutput)];
    const [output, sums] = binding.executeOp('TocoAttention', [type('T', T), threads], [x], 2);
    const [gradient] = binding.executeOp(
      'TocoAttentionGrad',
      [type('T', T), threads],
      [x, output.id, sums.id, dy],
      1,
    );
    if (
      String([output.shape, sums.shape, gradient.shape]) !==
      String([dOutput.shape, [images, tokens, heads], qkv.shape])
    )
      throw new Error('shapes');
    const read = (id) => binding.tensorDataSync(T === 1 ? id : cast(id, 14, 1));
    if (tokens > 192) {
      const copies = 12; // of which each thread has enough
      const all = {
        shape: [copies, ...qkv.shape.slice(1)],
        values: Float32Array.from(
          { length: copies * qkv.values.length },
          (_, i) => qkv.values[i % qkv.values.length],
        ),
      };
      const [whole] = binding.executeOp('TocoAttention', [type('T', T), threads], [feed(all)], 2);
      const [one, first] = [read(output.id), read(whole.id)];
      if (one.some((y, i) => y !== first[i])) throw new Error('a shared head differs');
    }

    const expected = {
      output: new Float64Array(dOutput.values.length),
      gradient: new Float64Array(qkv.values.length),
    };
    const at = (b, t, kind, h, i) => (((b * tokens + t) * 3 + kind) * heads + h) * size + i;
    const atOutput = (b, t, h, i) => ((b * tokens + t) * heads + h) * size + i;
    const sum = (f, count = size) => {
      let s = 0;
      for (let i = 0; i < count; i++) s += f(i);
      return s;
    };
    const v = qkv.values;
    for (let b = 0; b < images; b++)
      for (let h = 0; h < heads; h++)
        for (let t = 0; t < tokens; t++) {
          const scores = Array.from(
            { length: tokens },
            (_, u) => sum((i) => v[at(b, t, 0, h, i)] * v[at(b, u, 1, h, i)]) / Math.sqrt(size),
          );
          const top = Math.max(...scores);
          const total = scores.reduce((s, y) => s + Math.exp(y - top), 0);
          const p = scores.map((y) => Math.exp(y - top) / total);
          const dP = p.map((_, u) => sum((i) => dOutput.values[atOutput(b, t, h, i)] * v[at(b, u, 2, h, i)]));
          const inner = sum((u) => p[u] * dP[u], tokens);
          for (let u = 0; u < tokens; u++) {
            const dScore = (p[u] * (dP[u] - inner)) / Math.sqrt(size);
            for (let i = 0; i < size; i++) {
              expected.output[atOutput(b, t, h, i)] += p[u] * v[at(b, u, 2, h, i)];
              expected.gradient[at(b, t, 0, h, i)] += dScore * v[at(b, u, 1, h, i)];
              expected.gradient[at(b, u, 1, h, i)] += dScore * v[at(b, t, 0, h, i)];
              expected.gradient[at(b, u, 2, h, i)] += p[u] * dOutput.values[atOutput(b, t, h, i)];
            }
          }
        }
    const error = (actual, wanted) => {
      const scale = wanted.reduce((m, y) => Math.max(m, Math.abs(y)), 0);
      return wanted.reduce((m, y, i) => Math.max(m, Math.abs(actual[i] - y)), 0) / scale;
    };
    results.push({
      ...{ images, tokens, heads, size, T },
      ...{ output: error(read(output.id), expected.output), outputBound: T === 1 ? 2e-6 : 2 ** -7 },
      ...{ gradient: error(read(gradient.id), expected.gradient), gradientBound: T === 1 ? 3e-6 : 2 ** -6 },
    });
  }
console.log(JSON.stringify({ kernels, results }));
