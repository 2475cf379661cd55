// Compares products of bfloat16, ours and TensorFlow's (with a bias: the exact sums, rounded once), with the same in float64, and prints
// for each shape the root mean square of the errors relative to that of the values, and whether ours give the same bits on one, three and eight threads. TensorFlow.js
// has no bfloat16, so the operations are called by their names.
const tf = await import('@tensorflow/tfjs-core');
const { initBackend } = await import('../dist/index.js');
const { tileProducts } = await initBackend({ backend: 'tensorflow', print: () => undefined });
const { binding } = tf.backend();
const attribute = (type) => (name, value) => ({ name, type: binding[`TF_ATTR_${type}`], value });
const [type, whole, flag] = ['TYPE', 'INT', 'BOOL'].map(attribute);
const cast = (id, from, to) =>
  binding.executeOp('Cast', [type('SrcT', from), type('DstT', to), flag('Truncate', false)], [id], 1)[0].id;
let seed = 1;
const draw = (shape) => {
  const values = Float32Array.from(
    { length: shape.reduce((a, b) => a * b, 1) },
    () => ((seed = (seed * 48271) % 2147483647) / 1073741824 - 1) * 2,
  );
  const id = cast(binding.createTensor(shape, 1, values), 1, 14);
  return { id, values: binding.tensorDataSync(cast(id, 14, 1)) };
};
/** The nearest number of bfloat16, of two equally near ones the even. */
const nearest = (x) => {
  const bits = new Uint32Array(Float32Array.of(x).buffer);
  bits[0] = ((bits[0] + 0x7fff + ((bits[0] >>> 16) & 1)) >>> 16) << 16;
  return new Float32Array(bits.buffer)[0];
};
const results = [];
for (const [rows, columns, steps] of [
  [1, 1, 1],
  [5, 3, 1],
  [45, 70, 50],
  [33, 21, 200],
  [64, 96, 64],
  [31, 200, 32],
  // parts of columns and bands of rows on three threads
  [700, 30, 33],
  [300, 161, 96],
  [2, 5, 2000],
])
  for (const [a, b] of ['NN', 'NT', 'TN'])
    for (const biased of a === 'N' && b === 'N' ? [false, true] : [true]) {
      const [x, y, bias] = [
        draw(a === 'T' ? [steps, rows] : [rows, steps]),
        draw(b === 'T' ? [columns, steps] : [steps, columns]),
        draw([columns]),
      ];
      const ids = [x.id, y.id, ...(biased ? [bias.id] : [])];
      const read = (outputs) => binding.tensorDataSync(cast(outputs[0].id, 14, 1));
      const ours = [1, 3, 8].map((threads) => {
        const attributes = [type('T', 14), whole('num_biases', biased ? 1 : 0), whole('threads', threads)];
        return read(binding.executeOp(`TocoProduct${a}${b}`, attributes, ids, 1));
      });
      const transposed = [flag('transpose_a', a === 'T'), flag('transpose_b', b === 'T')];
      const product = binding.executeOp('MatMul', [type('T', 14), ...transposed], ids.slice(0, 2), 1);
      const theirs = read(product);
      const sums = { ours: 0, theirs: 0, all: 0 };
      for (let r = 0; r < rows; r++)
        for (let c = 0; c < columns; c++) {
          let sum = biased ? bias.values[c] : 0;
          for (let s = 0; s < steps; s++)
            sum +=
              x.values[a === 'T' ? s * rows + r : r * steps + s] *
              y.values[b === 'T' ? c * steps + s : s * columns + c];
          const at = r * columns + c;
          sums.ours += (ours[0][at] - sum) ** 2;
          sums.theirs += ((biased ? nearest(sum) : theirs[at]) - sum) ** 2;
          sums.all += sum ** 2;
        }
      results.push({
        shape: `[${rows},${columns}] of ${steps}, ${a}${b}${biased ? ', biased' : ''}`,
        ours: Math.sqrt(sums.ours / sums.all),
        theirs: Math.sqrt(sums.theirs / sums.all),
        same: ours.every((values) => values.every((value, i) => Object.is(value, ours[0][i]))),
      });
    }
console.log(JSON.stringify({ tileProducts, results }));
