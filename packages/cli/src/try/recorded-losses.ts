/** Losses of the first steps of `try-step`, in float32 on a CPU. */
export const recordedLosses: readonly Readonly<Record<string, number>>[] = [
  {
    loss: 1.6821777,
    cls: 0.7503054,
    clsAux: 0.663887,
    ptc: 0.44270855,
    ctc: 2.8685477e-5,
    seg: 1.7947193,
    reg: -0.00085635664,
  },
  {
    loss: 1.7809597,
    cls: 0.7439787,
    clsAux: 0.72674036,
    ptc: 0.4450101,
    ctc: 0.087588914,
    seg: 1.7750158,
    reg: -0.0011499645,
  },
];
