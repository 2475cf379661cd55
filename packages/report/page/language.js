// Before the chart library, which asks for number formats at once: a browser started in the POSIX locale calls its language
// "en-US@posix", which Intl refuses, and no chart would be drawn.
'use strict';
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en-US' });
}
