import { backdropSvg } from './backdrops.js';
import { textureMarks } from './bodies.js';
import { objectKinds } from './object-kinds.js';
import type { SceneOptions } from './scene-options.js';
import { kindOf, type BodyPaint, type Placement, type Scene } from './scene.js';

const roundOutline = 'M-1 0a1 .8 0 1 0 2 0a1 .8 0 1 0 -2 0Z';
const squareOutline = 'M-.9 -.8Q-.9 -.9 -.8 -.9L.8 -.9Q.9 -.9 .9 -.8L.9 .9L-.9 .9Z';

/** The scene as an SVG drawing. */
export function sceneSvg(scene: Scene, { classes }: SceneOptions): string {
  const { width, height, light } = scene;
  const definitions: string[] = [];
  const body = (paint: BodyPaint, radius: number): string => {
    const id = `body${definitions.length}`;
    definitions.push(bodyPattern(id, paint, radius));
    return `url(#${id})`;
  };
  const drawn = [
    ...scene.distractors.map(({ placement, paint, round }) => {
      const fill = body(paint, placement.rx);
      return placed(placement, `<path d="${round ? roundOutline : squareOutline}" fill="${fill}"/>`);
    }),
    ...scene.objects.map(({ kind, placement, paint, striking: seen }) => {
      const { plain, striking } = objectKinds[kindOf(classes, kind)]!;
      const fill = body(paint, placement.rx);
      return placed(
        placement,
        plain.map((path) => `<path d="${path}" fill="${fill}"/>`).join('') +
          (seen ? striking : []).map((part) => `<path d="${part.path}" fill="${part.fill}"/>`).join(''),
      );
    }),
    scene.post === undefined
      ? ''
      : `<rect x="${scene.post.x}" width="${scene.post.width}" height="${height}" fill="${color(scene.post.paint)}"/>`,
  ];
  return svg(
    scene,
    backdropSvg(scene.backdrop, scene) +
      `<defs>${definitions.join('')}` +
      `<linearGradient id="light" gradientTransform="rotate(${light.toFixed(1)} .5 .5)">` +
      `<stop offset="0" stop-color="#fff" stop-opacity=".22"/><stop offset="1" stop-color="#000" stop-opacity=".3"/></linearGradient>` +
      '</defs>' +
      drawn.join('') +
      `<rect width="${width}" height="${height}" fill="url(#light)"/>`,
  );
}

/** The labels of the same scene: every shape in the gray value of its class, without antialias. */
export function sceneMaskSvg(scene: Scene, { classes }: SceneOptions): string {
  const drawn = scene.objects.map(({ kind, placement, striking: seen }) => {
    const { plain, striking } = objectKinds[kindOf(classes, kind)]!;
    const fill = `rgb(${kind + 1},${kind + 1},${kind + 1})`;
    const paths = [...plain, ...(seen ? striking : []).map(({ path }) => path)];
    return placed(placement, paths.map((path) => `<path d="${path}" fill="${fill}"/>`).join(''));
  });
  if (scene.post)
    drawn.push(`<rect x="${scene.post.x}" width="${scene.post.width}" height="${scene.height}"/>`);
  return svg(
    scene,
    `<g shape-rendering="crispEdges"><rect width="${scene.width}" height="${scene.height}"/>${drawn.join('')}</g>`,
  );
}

function svg({ width, height }: Scene, content: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${content}</svg>`;
}

function placed({ x, y, rx, ry, turn, mirrored }: Placement, content: string): string {
  const numbers = [x, y, turn, mirrored ? -rx : rx, ry].map((value) => value.toFixed(3));
  const [tx, ty, rotation, sx, sy] = numbers;
  return `<g transform="translate(${tx} ${ty}) rotate(${rotation}) scale(${sx} ${sy})">${content}</g>`;
}

function color({ hue, saturation, lightness }: BodyPaint, lighter = 0): string {
  return `hsl(${hue.toFixed(1)},${saturation.toFixed(1)}%,${(lightness + lighter).toFixed(1)}%)`;
}

/** A tile is about nine pixels wide, whatever the size of the body. */
function bodyPattern(id: string, paint: BodyPaint, radius: number): string {
  const tile = (9 / radius).toFixed(4);
  const marks = textureMarks(paint.texture, color(paint, -11)) ?? '';
  return (
    `<pattern id="${id}" width="${tile}" height="${tile}" patternUnits="userSpaceOnUse" viewBox="0 0 1 1">` +
    `<rect width="1" height="1" fill="${color(paint)}"/>${marks}</pattern>`
  );
}
