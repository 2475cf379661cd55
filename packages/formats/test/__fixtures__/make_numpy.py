"""Writes numpy.json: small files as NumPy writes them, base64, with what they hold. Needs numpy."""

import base64
import io
import json
import pathlib
import warnings

import numpy as np

warnings.simplefilter("error")


def npy(array, version=None, **options):
    file = io.BytesIO()
    if version is None:
        np.save(file, array, **options)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            np.lib.format.write_array(file, array, version=version)
    return base64.b64encode(file.getvalue()).decode()


def entry(array, **options):
    return {
        "file": npy(array, **options),
        "dtype": array.dtype.name,
        "shape": list(array.shape),
        "values": [str(v) if array.dtype.itemsize == 8 and array.dtype.kind in "iu" else float(v) for v in array.ravel()],
    }


random = np.random.default_rng(7)
cases = {}
for name in ["bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float16", "float32", "float64"]:
    values = random.integers(0, 2 if name == "bool" else 100, (2, 3)).astype(name)
    if name.startswith("float"):
        values = (random.standard_normal((2, 3)) * 10).astype(name)
    cases[name] = entry(values)
    cases[f"{name} big-endian"] = entry(values.astype(values.dtype.newbyteorder(">")))
    cases[f"{name} Fortran order"] = entry(np.asfortranarray(values))
cases["scalar"] = entry(np.float32(2.5).reshape(()))
cases["empty"] = entry(np.zeros((0, 3), "f4"))
cases["Fortran order of three axes"] = entry(np.asfortranarray(np.arange(24, dtype="i4").reshape(2, 3, 4)))
cases["version 2"] = entry(np.arange(3, dtype="i2"), version=(2, 0))
cases["version 3"] = entry(np.arange(3, dtype="i2"), version=(3, 0))

stored, packed = io.BytesIO(), io.BytesIO()
arrays = {"first": np.arange(6, dtype="f4").reshape(2, 3), "Transformer/encoder/kernel": np.arange(3, dtype="i8")}
np.savez(stored, **arrays)
np.savez_compressed(packed, **arrays)

objects = np.empty((2,), object)
objects[:] = [{"a": 1, "b": [True, None, 2.5, "ü", b"\x00\xff"]}, (1, 2**70, -5)]
labels = {f"2007_{i:06d}": np.eye(20, dtype="f4")[i % 20] for i in range(3)}
pickles = {}
for protocol in range(6):
    import pickle

    value = {
        "array": np.arange(6, dtype="f4").reshape(2, 3),
        "fortran": np.asfortranarray(np.arange(6, dtype="i2").reshape(2, 3)),
        "big": np.array([1.5, -2], ">f8"),
        "scalar": np.float32(0.5),
        "flag": np.bool_(True),
        "object": np.array({"x": 1}, dtype=object),
        "text": "grüße",
        "bytes": b"\x00\x01\xff",
        "numbers": [0, 1, -1, 255, 256, 65536, -(2**31), 2**31, 2**63, -(2**100), 1.5, -0.0],
        "long": list(range(3000))[::500],
        "nested": ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), [], {}, None, True, False),
    }
    pickles[str(protocol)] = base64.b64encode(pickle.dumps(value, protocol=protocol)).decode()

folder = pathlib.Path(__file__).parent
(folder / "numpy.json").write_text(
    json.dumps(
        {
            "npy": cases,
            "npz": {
                "stored": base64.b64encode(stored.getvalue()).decode(),
                "packed": base64.b64encode(packed.getvalue()).decode(),
            },
            "objects": npy(objects, allow_pickle=True),
            "labels": npy(np.array(labels, dtype=object), allow_pickle=True),
            "structured": npy(np.zeros(2, [("x", "f4"), ("y", "i2")])),
            "text": npy(np.array(["a", "bc"])),
            "complex": npy(np.zeros(2, "c8")),
            "pickles": pickles,
        },
        indent=1,
    )
    + "\n"
)
