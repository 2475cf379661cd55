import { trusted, type Markup } from './markup.js';

/** What stands before and after the figures of a report. */
export const figureMarks = ['<!-- figures of toco show -->', '<!-- end of these figures -->'] as const;

/** Where figures stand in a report; empty until they are put there. */
export const placeOfFigures: Markup = trusted(figureMarks.join(''));
