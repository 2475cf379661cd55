import fc from 'fast-check';

// Property tests would begin at the clock. The environment has filled in TOCO_SEED.
fc.configureGlobal({ seed: Number(process.env.TOCO_SEED) });
