/** What lies behind the objects, in the order of the kinds that it usually goes with. */
export const backdropNames = ['sea', 'meadow', 'reef', 'forest', 'street', 'night'] as const;

/** One of the backdrops. */
export type BackdropName = (typeof backdropNames)[number];

/** Colors from top to bottom, and the grain: how fine it is horizontally and vertically, and how strong. */
interface Backdrop {
  readonly stops: readonly (readonly [offset: number, color: string])[];
  readonly grain: readonly [x: number, y: number];
  readonly strength: number;
}

const backdrops: Record<BackdropName, Backdrop> = {
  sea: {
    stops: [
      [0, '#9cc4e4'],
      [0.45, '#dcebf2'],
      [0.46, '#3f7fa6'],
      [1, '#1d4f73'],
    ],
    grain: [0.03, 0.16],
    strength: 0.45,
  },
  meadow: {
    stops: [
      [0, '#8fc0ea'],
      [0.4, '#d9e9ee'],
      [0.41, '#7fa650'],
      [1, '#4c7a33'],
    ],
    grain: [0.18, 0.08],
    strength: 0.45,
  },
  reef: {
    stops: [
      [0, '#4fb3bf'],
      [0.7, '#1f6f8a'],
      [0.71, '#b7a274'],
      [1, '#8f7a52'],
    ],
    grain: [0.06, 0.06],
    strength: 0.5,
  },
  forest: {
    stops: [
      [0, '#3f5d3a'],
      [0.6, '#2b4528'],
      [0.61, '#6a5334'],
      [1, '#4d3b25'],
    ],
    grain: [0.14, 0.025],
    strength: 0.6,
  },
  street: {
    stops: [
      [0, '#b5aea6'],
      [0.5, '#8e8780'],
      [0.51, '#62646a'],
      [1, '#45474d'],
    ],
    grain: [0.08, 0.2],
    strength: 0.4,
  },
  night: {
    stops: [
      [0, '#0e1030'],
      [0.75, '#2c2a5c'],
      [0.76, '#3d3548'],
      [1, '#28222f'],
    ],
    grain: [0.35, 0.35],
    strength: 0.5,
  },
};

/** Definitions and shapes of a backdrop that fills the image; `grain` seeds its texture. */
export function backdropSvg(
  name: BackdropName,
  { width, height, grain }: { width: number; height: number; grain: number },
): string {
  const { stops, grain: frequency, strength } = backdrops[name];
  // The horizon moves with the seed; grain is coarser in larger images.
  const shift = ((grain % 17) - 8) / 60;
  const offset = (value: number): number => (value > 0 && value < 1 ? value + shift : value);
  const [fx, fy] = frequency.map((f) => ((f * 128) / Math.max(width, height)).toFixed(4)) as [string, string];
  return (
    `<defs><linearGradient id="backdrop" x1="0" y1="0" x2="0" y2="1">` +
    stops.map(([at, color]) => `<stop offset="${offset(at).toFixed(3)}" stop-color="${color}"/>`).join('') +
    `</linearGradient><filter id="texture" x="0" y="0" width="100%" height="100%" color-interpolation-filters="sRGB">` +
    `<feTurbulence type="fractalNoise" baseFrequency="${fx} ${fy}" numOctaves="2" seed="${grain}"/>` +
    `<feColorMatrix values="1.6 0 0 0 -.3 0 1.6 0 0 -.3 0 0 1.6 0 -.3 0 0 0 0 1"/></filter></defs>` +
    `<rect width="${width}" height="${height}" fill="url(#backdrop)"/>` +
    `<rect width="${width}" height="${height}" filter="url(#texture)" opacity="${strength}" style="mix-blend-mode:soft-light"/>`
  );
}
