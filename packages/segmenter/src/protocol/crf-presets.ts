import { afaCrf, deepLabCrf, irnLabelCrf, tocoCamCrf } from '@toco/crf';
import { type CrfPreset, tocoCrf } from './protocol.js';

/** Dense CRFs by the names that commands take: ToCo's two, and others in use in the field. */
export const crfPresets: Readonly<Record<string, CrfPreset>> = {
  toco: tocoCrf,
  'toco-cam': { name: 'toco-cam', ...tocoCamCrf },
  deeplab: { name: 'deeplab', ...deepLabCrf },
  afa: { name: 'afa', ...afaCrf },
  irn: { name: 'irn', ...irnLabelCrf },
};
