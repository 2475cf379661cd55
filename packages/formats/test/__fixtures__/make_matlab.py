"""Writes matlab.json: small MATLAB files as SciPy writes them, base64. Needs scipy and numpy."""

import base64
import io
import json
import pathlib

import numpy as np
import scipy.sparse
from scipy.io import savemat

random = np.random.default_rng(9)


def save(variables, **options):
    file = io.BytesIO()
    savemat(file, variables, **options)
    # The header names the time of writing.
    content = file.getvalue()
    content = b"MATLAB 5.0 MAT-file".ljust(116) + content[116:]
    return base64.b64encode(content).decode()


segmentation = random.integers(0, 21, (6, 5)).astype(np.uint8)
segmentation[0, 0] = 255
boundaries = np.empty((20, 1), object)
for i in range(20):
    boundaries[i, 0] = scipy.sparse.csc_matrix((random.uniform(size=(6, 5)) < 0.1).astype(float))
categories = np.array([[3], [15]], np.uint8)
# The form of SBD's files: one structure with these three fields.
ground_truth = {"Segmentation": segmentation, "Boundaries": boundaries, "CategoriesPresent": categories}

cells = np.empty((2, 2), object)
cells[0, 0], cells[0, 1], cells[1, 0], cells[1, 1] = np.array([[1.5]]), "text", np.zeros((0, 0)), np.array([[1, 2]], np.int16)
structs = np.zeros((1, 2), [("name", object), ("size", object)])
structs[0, 0] = ("a", np.array([[1, 2]], np.int32))
structs[0, 1] = ("bc", np.array([[3, 4]], np.int32))
variables = {name: (random.standard_normal((2, 3)) * 100).astype(name) for name in ["int8", "int16", "int32", "int64", "float32", "float64"]}
variables |= {name: random.integers(0, 250, (3, 2)).astype(name) for name in ["uint8", "uint16", "uint32", "uint64"]}
cube = np.arange(24, dtype=np.int32).reshape(2, 3, 4)


def values(array):
    return {"dtype": array.dtype.name, "shape": list(array.shape), "values": [float(v) for v in array.ravel()]}


out = {
    "sbd": {
        "packed": save({"GTcls": ground_truth}, do_compression=True),
        "plain": save({"GTcls": ground_truth}, do_compression=False),
        "segmentation": segmentation.ravel().tolist(),
        "shape": list(segmentation.shape),
    },
    "numbers": {
        "packed": save({**variables, "cube": cube}, do_compression=True),
        "plain": save({**variables, "cube": cube}, do_compression=False),
        "values": {name: values(array) for name, array in {**variables, "cube": cube}.items()},
    },
    "others": save(
        {
            "flags": np.array([[True, False, True]]),
            "word": "grün",
            "rows": np.array(["abc", "def"]),
            "cells": cells,
            "structs": structs,
            "sparse": scipy.sparse.csc_matrix(np.eye(3)),
        }
    ),
    "complex": save({"z": np.array([1 + 2j])}),
}
(pathlib.Path(__file__).parent / "matlab.json").write_text(json.dumps(out, indent=1) + "\n")
