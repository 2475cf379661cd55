"""Writes pillow.json: small label images as Pillow writes them, base64, with their indices. Needs pillow and numpy."""

import base64
import io
import json
import pathlib

import numpy as np
from PIL import Image

random = np.random.default_rng(11)


def entry(image, indices, **options):
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    return {
        "file": base64.b64encode(file.getvalue()).decode(),
        "width": image.width,
        "height": image.height,
        "indices": base64.b64encode(indices.astype(np.uint8).tobytes()).decode(),
    }


cases = {}
for bits in [1, 2, 4, 8]:
    indices = random.integers(0, 2**bits, (7, 13)).astype(np.uint8)
    image = Image.fromarray(indices, "P")
    image.putpalette([(i * 37 + c * 11) % 256 for i in range(256) for c in range(3)])
    cases[f"palette of {bits} bits"] = entry(image, indices, bits=bits)
smooth = (np.add.outer(np.arange(40), np.arange(50)) // 3).astype(np.uint8)
cases["grey"] = entry(Image.fromarray(smooth, "L"), smooth)
cases["one pixel"] = entry(Image.fromarray(smooth[:1, 5:6], "L"), smooth[:1, 5:6])
(pathlib.Path(__file__).parent / "pillow.json").write_text(json.dumps(cases, indent=1) + "\n")
