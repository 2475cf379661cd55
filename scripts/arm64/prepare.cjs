// Loaded before everything by the Node of the other processor: who starts process.execPath must get the emulator with it, and
// koffi looks for its binary for that processor, which is no package of this workspace, where TOCO_ARM64 lies.
const { join } = require('node:path');

process.execPath = join(process.env.TOCO_ARM64, 'node');
process.resourcesPath = process.env.TOCO_ARM64;
