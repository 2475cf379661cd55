"""Writes instances.json: random COCO annotations and the masks that pycocotools draws of them. Needs pycocotools and numpy.

Usage: make_instances.py [images] [largest side]; prints the JSON.
"""

import json
import sys

import numpy as np
from pycocotools import mask as coco_mask

count, largest = (int(argument) for argument in sys.argv[1:3]) if len(sys.argv) == 3 else (10, 24)
random = np.random.default_rng(7)
# Ids with gaps and out of order, as COCO's have gaps.
categories = [{"id": id, "name": name} for id, name in [(7, "train"), (1, "person"), (90, "toothbrush"), (18, "dog")]]
labels = {id: index + 1 for index, id in enumerate(sorted(category["id"] for category in categories))}


def segmentation(height, width):
    kind = random.integers(3)
    if kind == 0:
        polygons = []
        for _ in range(random.integers(1, 3)):
            points = random.uniform(-0.1, 1.1, (random.integers(3, 7), 2)) * [width, height]
            polygons.append([round(float(value), 2) for value in points.ravel()])
        return polygons
    value = np.zeros((height, width), np.uint8)
    y, x = (sorted(random.integers(0, side + 1, 2)) for side in (height, width))
    value[y[0] : y[1], x[0] : x[1]] = random.uniform(size=(y[1] - y[0], x[1] - x[0])) < 0.9
    rle = coco_mask.encode(np.asfortranarray(value))
    if kind == 1:
        return {"size": [height, width], "counts": rle["counts"].decode()}
    flat, counts, at = value.ravel(order="F"), [], 0
    current = 0
    while at < flat.size:
        end = at
        while end < flat.size and flat[end] == current:
            end += 1
        counts.append(end - at)
        at, current = end, 1 - current
    return {"size": [height, width], "counts": counts}


def decode(value, height, width):
    if isinstance(value, list):
        rle = coco_mask.merge(coco_mask.frPyObjects(value, height, width))
    elif isinstance(value["counts"], list):
        rle = coco_mask.frPyObjects(value, height, width)
    else:
        rle = value
    return coco_mask.decode(rle)


images, annotations, masks = [], [], {}
for image_id in range(1, count + 1):
    height, width = (int(side) for side in random.integers(5, largest, 2))
    name = f"COCO_train2014_{image_id:012d}.jpg"
    images.append({"id": image_id, "file_name": name, "height": height, "width": width})
    own = []
    for _ in range(random.integers(0, 6) if image_id > 1 else 5):
        shape = segmentation(height, width)
        own.append(
            {
                "id": len(annotations) + len(own) + 1,
                "image_id": image_id,
                "category_id": int(random.choice(list(labels))),
                "iscrowd": int(random.uniform() < 0.3),
                "area": float(decode(shape, height, width).sum() // 20),  # with ties
                "segmentation": shape,
            }
        )
    annotations += own
    if not own:
        continue
    drawn = {}
    for crowds in ("ignore", "class"):
        result = np.zeros((height, width), np.uint8)
        for annotation in sorted(own, key=lambda item: item["area"]):
            if crowds == "ignore" and annotation["iscrowd"]:
                continue
            visible = decode(annotation["segmentation"], height, width) * labels[annotation["category_id"]]
            result = np.where(result > 0, result, visible).astype(np.uint8)
        if crowds == "ignore":
            for annotation in own:
                if annotation["iscrowd"]:
                    region = decode(annotation["segmentation"], height, width)
                    result = np.where((result == 0) & (region > 0), 255, result).astype(np.uint8)
        drawn[crowds] = bytes(result.ravel()).hex()
    masks[name[:-4]] = drawn

order = random.permutation(len(images))
document = {
    "info": {"description": "made by make_instances.py"},
    "images": [images[index] for index in order],
    "licenses": [],
    "annotations": annotations,
    "categories": categories,
}
json.dump({"instances": document, "masks": masks}, sys.stdout)
