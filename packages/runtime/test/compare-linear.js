// Compares TocoLinear with the same in float64, and prints for each case the largest error relative to the largest value, and
// whether one, three and eight threads give the same bits.
const tf = await import('@tensorflow/tfjs-core');
const { initBackend } = await import('../dist/index.js');
const { kernels } = await initBackend({ backend: 'tensorflow', print: () => undefined });
const { binding } = tf.backend();
let seed = 1;
const draw = (count, shift = 0) =>
  Float32Array.from({ length: count }, () => shift + (seed = (seed * 48271) % 2147483647) / 1073741824 - 1);
/** Φ(x) by a series whose terms have one sign. */
const normal = (x) => {
  const z = Math.abs(x) / Math.SQRT2;
  let [term, sum] = [z, z];
  for (let n = 1; term > 1e-18 * sum; n++) sum += term *= (2 * z * z) / (2 * n + 1);
  return 0.5 * (1 + Math.sign(x) * (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z) * sum);
};
const results = [];
for (const [rows, inputs, outputs] of [
  [1, 1, 1],
  [5, 3, 2],
  [7, 16, 64],
  [50, 33, 70],
  [97, 400, 21],
  [300, 192, 130],
  // more steps than sums stay in registers
  [13, 800, 65],
])
  for (const has of [
    '',
    'bias',
    'bias norm gelu',
    'bias scale residual',
    'residual',
    'bias scale residual norm gelu',
  ]) {
    const given = (name) => has.split(' ').includes(name);
    const x = draw(rows * inputs, 0.5);
    const weight = draw(outputs * inputs);
    const [bias, scale, normBias] = [draw(outputs), draw(outputs), draw(inputs)];
    const [residual, normWeight] = [draw(rows * outputs), draw(inputs, 1)];
    const epsilon = 1e-5;
    const expected = Float64Array.from({ length: rows * outputs });
    for (let r = 0; r < rows; r++) {
      let row = Array.from(x.subarray(r * inputs, (r + 1) * inputs));
      if (given('norm')) {
        const mean = row.reduce((sum, value) => sum + value, 0) / inputs;
        const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / inputs;
        row = row.map(
          (value, i) => ((value - mean) / Math.sqrt(variance + epsilon)) * normWeight[i] + normBias[i],
        );
      }
      for (let o = 0; o < outputs; o++) {
        let sum = given('bias') ? bias[o] : 0;
        for (let i = 0; i < inputs; i++) sum += row[i] * weight[o * inputs + i];
        if (given('gelu')) sum *= normal(sum);
        if (given('scale')) sum *= scale[o];
        expected[r * outputs + o] = sum + (given('residual') ? residual[r * outputs + o] : 0);
      }
    }
    const tensors = [
      [x, [rows, inputs]],
      [weight, [outputs, inputs]],
      ...(given('bias') ? [[bias, [outputs]]] : []),
      ...(given('scale') ? [[scale, [outputs]]] : []),
      ...(given('residual') ? [[residual, [rows, outputs]]] : []),
      ...(given('norm')
        ? [
            [normWeight, [inputs]],
            [normBias, [inputs]],
            [Float32Array.of(epsilon), []],
          ]
        : []),
    ];
    const ids = tensors.map(([values, shape]) => binding.createTensor(shape, 1, values));
    const outputsOf = (threads) =>
      binding.tensorDataSync(
        binding.executeOp(
          'TocoLinear',
          [
            { name: 'T', type: binding.TF_ATTR_TYPE, value: 1 },
            { name: 'threads', type: binding.TF_ATTR_INT, value: threads },
            { name: 'count', type: binding.TF_ATTR_INT, value: ids.length - 2 },
            ...['gelu', 'bias', 'scale', 'residual', 'norm'].map((name) => ({
              name,
              type: binding.TF_ATTR_BOOL,
              value: given(name),
            })),
          ],
          ids,
          1,
        )[0].id,
      );
    const [actual, ...others] = [1, 3, 8].map(outputsOf);
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const error =
      actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i])), 0) / largest;
    const same = others.every((other) => other.every((value, i) => Object.is(value, actual[i])));
    results.push({ rows, inputs, outputs, has, error, same });
  }
console.log(JSON.stringify({ kernels, results }));
