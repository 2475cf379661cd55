/** Where property tests and mutations begin: the same in every run; another beginning by the environment. */
const usual = 20_230_619;

const given = process.env.TOCO_SEED;
if (given !== undefined && !/^\d{1,9}$/.test(given)) {
  throw new Error(`TOCO_SEED is a whole number of up to nine digits, not "${given}"`);
}

module.exports = { seed: given === undefined ? usual : Number(given) };
