"""Writes coco.json: masks as pycocotools draws, merges and writes them. Needs pycocotools and numpy."""

import json
import pathlib

import numpy as np
from pycocotools import mask

random = np.random.default_rng(3)


def text(rle):
    return rle["counts"].decode()


def polygon(points, height, width):
    rle = mask.frPyObjects([points], height, width)[0]
    return {"height": height, "width": width, "points": points, "counts": text(rle), "area": int(mask.area(rle))}


polygons = [
    polygon([1, 1, 1, 3, 3, 3, 3, 1], 4, 4),
    polygon([0, 0, 0, 7, 9, 7, 9, 0], 7, 9),
    polygon([0.5, 0.5, 6.49, 0.51, 3.2, 6.7], 7, 9),
    polygon([2, 2, 2, 2, 5, 2, 5, 6, 5, 6, 2, 6], 8, 8),
    polygon([3, 3, 3, 3, 3, 3], 8, 8),
    polygon([1, 4, 7, 4, 3, 4], 8, 8),
    polygon([4, 1, 4, 7, 4, 3], 8, 8),
    polygon([-5, -3, 20, 2, 4, 30], 8, 9),
    polygon([-5, -3, -20, 2, -4, 3], 8, 9),
    polygon([0.1, 0.1, 7.9, 7.9, 7.9, 0.1, 0.1, 7.9], 8, 8),
    polygon([1.3, 2.7, 1.3, 2.9, 1.5, 2.9], 8, 8),
    polygon([5, 5, 1, 1, 5, 1, 1, 5], 1, 6),
]
for _ in range(60):
    height, width = (int(n) for n in random.integers(1, 40, 2))
    count = int(random.integers(3, 12))
    points = random.uniform(-0.3, 1.3, (count, 2)) * [width, height]
    digits = int(random.integers(0, 4))
    polygons.append(polygon([round(float(p), digits) for p in points.ravel()], height, width))

masks = []
for _ in range(20):
    height, width = (int(n) for n in random.integers(1, 30, 2))
    kind = random.uniform()
    value = (random.uniform(size=(height, width)) < kind).astype(np.uint8)
    if kind > 0.7:
        value[:, : width // 2] = 1
    rle = mask.encode(np.asfortranarray(value))
    masks.append({"height": height, "width": width, "mask": "".join(map(str, value.ravel())), "counts": text(rle)})

merges = []
for _ in range(15):
    height, width = (int(n) for n in random.integers(1, 12, 2))
    count = int(random.integers(1, 5))
    values = (random.uniform(size=(count, height, width)) < 0.5).astype(np.uint8)
    rles = [mask.encode(np.asfortranarray(value)) for value in values]
    merges.append(
        {
            "height": height,
            "width": width,
            "parts": [text(rle) for rle in rles],
            "union": text(mask.merge(rles, intersect=False)),
            "intersection": text(mask.merge(rles, intersect=True)),
        }
    )

long = np.zeros((3000, 2000), np.uint8)
long[1500:, 1000:] = 1
long[:10, :10] = 1
rle = mask.encode(np.asfortranarray(long))
large = {"height": 3000, "width": 2000, "counts": text(rle)[:40], "length": len(text(rle)), "area": int(mask.area(rle))}

out = {"polygons": polygons, "masks": masks, "merges": merges, "large": large}
(pathlib.Path(__file__).parent / "coco.json").write_text(json.dumps(out, indent=1) + "\n")
