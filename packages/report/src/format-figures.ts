/** 0…1 in percent with one decimal; a dash where there is no number. */
export function percent(value: number): string {
  return Number.isFinite(value) ? (100 * value).toFixed(1) : '–';
}

/** A difference of two shares in points of percent, with its sign. */
export function points(difference: number): string {
  if (!Number.isFinite(difference)) return '–';
  const text = Math.abs(100 * difference).toFixed(1);
  return text === '0.0' ? '±0.0' : `${difference > 0 ? '+' : '−'}${text}`;
}

/** Seconds as a person says them: `41 s`, `6 min 5 s`, `2 h 14 min`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A number of unknown magnitude with about three digits; a dash where there is none. */
export function figure(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return minus(value.toExponential(2));
  return minus(value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 3));
}

/** Typographic minus signs. */
function minus(text: string): string {
  return text.replaceAll('-', '−');
}

/** A count with thin spaces between thousands. */
export function count(value: number): string {
  return String(value).replaceAll(/\B(?=(\d{3})+$)/g, '\u202f');
}
