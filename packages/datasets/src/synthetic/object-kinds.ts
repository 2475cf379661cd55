/**
 * A kind of object: outlines within the square from −1 to 1. The plain part is large and mostly in the kind's color, with
 * textures that other kinds use, too; the striking part is small, bright and the kind's own, but not always seen.
 */
export interface ObjectKind {
  readonly name: string;
  /** Path data of the body, whose color and texture vary. */
  readonly plain: readonly string[];
  /** Path data and color of the striking part, painted over the body in this order. */
  readonly striking: readonly { readonly path: string; readonly fill: string }[];
}

const ellipse = (x: number, y: number, rx: number, ry = rx): string =>
  `M${x - rx} ${y}a${rx} ${ry} 0 1 0 ${2 * rx} 0a${rx} ${ry} 0 1 0 ${-2 * rx} 0Z`;
const box = (x: number, y: number, width: number, height: number): string =>
  `M${x} ${y}h${width}v${height}h${-width}Z`;
const disc = (x: number, y: number, r: number, fill: string): { path: string; fill: string } => ({
  path: ellipse(x, y, r),
  fill,
});

/** The six kinds that scenes are made of, in the order of their labels. */
export const objectKinds: readonly ObjectKind[] = [
  {
    name: 'boat',
    plain: [
      'M-1 .12L1 .12Q.92 .5 .66 .78L-.6 .78Q-.88 .5 -1 .12Z',
      'M-.72 -.26Q-.72 -.34 -.64 -.34L.02 -.34Q.1 -.34 .1 -.26L.1 .14L-.72 .14Z',
      box(0.3, -0.95, 0.1, 1.1),
    ],
    striking: [
      { path: 'M.4 -.93L.98 -.62L.4 -.3Z', fill: '#f4f4f0' },
      { path: 'M.4 -.93L.6 -.823L.6 -.41L.4 -.3Z', fill: '#e0222d' },
      { path: 'M.78 -.727L.98 -.62L.78 -.51Z', fill: '#e0222d' },
    ],
  },
  {
    name: 'house',
    plain: [box(-0.76, -0.18, 1.52, 1.06), 'M-.98 -.16L0 -.96L.98 -.16Z', box(0.4, -0.92, 0.2, 0.5)],
    striking: [
      { path: box(-0.24, 0.06, 0.48, 0.48), fill: '#3b2a12' },
      { path: box(-0.19, 0.11, 0.16, 0.16), fill: '#ffe23d' },
      { path: box(0.03, 0.11, 0.16, 0.16), fill: '#ffe23d' },
      { path: box(-0.19, 0.33, 0.16, 0.16), fill: '#ffe23d' },
      { path: box(0.03, 0.33, 0.16, 0.16), fill: '#ffe23d' },
    ],
  },
  {
    name: 'fish',
    plain: [
      ellipse(0.14, 0.02, 0.84, 0.52),
      'M-.55 .02Q-.85 -.3 -1 -.5Q-.86 .02 -1 .54Q-.85 .34 -.55 .02Z',
      'M-.25 -.42Q.1 -.95 .45 -.42Z',
    ],
    striking: [
      disc(0.58, -0.1, 0.23, '#f7fbff'),
      disc(0.61, -0.1, 0.17, '#00c2d8'),
      disc(0.64, -0.1, 0.085, '#08131c'),
    ],
  },
  {
    name: 'mushroom',
    plain: [
      'M-.98 -.08Q-.95 -.9 0 -.92Q.95 -.9 .98 -.08Q.5 .1 0 .1Q-.5 .1 -.98 -.08Z',
      'M-.34 .02L.34 .02Q.3 .5 .48 .92L-.48 .92Q-.3 .5 -.34 .02Z',
    ],
    striking: [
      disc(-0.3, -0.46, 0.29, '#d4148c'),
      disc(-0.4, -0.54, 0.085, '#fff4fb'),
      disc(-0.2, -0.58, 0.07, '#fff4fb'),
      disc(-0.24, -0.35, 0.09, '#fff4fb'),
    ],
  },
  {
    name: 'car',
    plain: [
      'M-.98 .46L-.98 .06Q-.94 -.08 -.7 -.12L-.44 -.5Q-.38 -.58 -.26 -.58L.3 -.58Q.42 -.58 .5 -.5L.78 -.12Q.98 -.06 .98 .1L.98 .46Z',
    ],
    striking: [
      disc(-0.54, 0.46, 0.27, '#121417'),
      disc(-0.54, 0.46, 0.15, '#ff8c1a'),
      disc(0.54, 0.46, 0.27, '#121417'),
      disc(0.54, 0.46, 0.15, '#ff8c1a'),
    ],
  },
  {
    name: 'rocket',
    plain: [
      'M0 -.98Q.44 -.6 .42 .1L.36 .62L-.36 .62L-.42 .1Q-.44 -.6 0 -.98Z',
      'M-.4 .1L-.84 .6L-.84 .9L-.34 .62Z',
      'M.4 .1L.84 .6L.84 .9L.34 .62Z',
    ],
    striking: [
      disc(0, -0.24, 0.25, '#1a2be0'),
      disc(0, -0.24, 0.17, '#7dff3a'),
      disc(-0.05, -0.3, 0.06, '#f2ffe8'),
    ],
  },
];
