export const job = { name: 'passes', says: 'ends well', run: () => '3 of 3' };
