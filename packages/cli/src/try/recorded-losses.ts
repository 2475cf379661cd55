/** Losses of the first steps of `try-step`, in float32 on a CPU. */
export const recordedLosses: readonly Readonly<Record<string, number>>[] = [
  {
    loss: 1.6821776628494263,
    cls: 0.7503054141998291,
    clsAux: 0.6638870239257812,
    ptc: 0.4427085518836975,
    ctc: 2.8685477445833385e-5,
    seg: 1.7947193384170532,
    reg: -0.0008563566370867193,
  },
  {
    loss: 1.7809597253799438,
    cls: 0.7439786791801453,
    clsAux: 0.7267403602600098,
    ptc: 0.44501009583473206,
    ctc: 0.08758891373872757,
    seg: 1.7750158309936523,
    reg: -0.0011499645188450813,
  },
];
