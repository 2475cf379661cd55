export const job = {
  name: 'fails',
  says: 'finds a fault',
  run: () => {
    throw new Error('one of three is wrong');
  },
};
