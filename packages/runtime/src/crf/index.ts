export { nativeDenseCrf, type NativeDenseCrfOptions } from '../native-dense-crf.js';
