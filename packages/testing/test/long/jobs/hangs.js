export const job = {
  name: 'hangs',
  says: 'never ends',
  minutes: 0.04,
  run: () => {
    for (let tries = 0; ; tries++) if (tries < 0) return;
  },
};
