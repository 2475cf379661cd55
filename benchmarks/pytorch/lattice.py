"""The bilateral filter in C++, compiled with g++ at the first use."""

import ctypes
import hashlib
import os
import subprocess
import tempfile
from pathlib import Path

import torch

_SOURCE = Path(__file__).with_name("lattice.cpp")
# No fused multiply-add: where coordinates tie, the rounding decides which vertices exist.
_FLAGS = ["-O3", "-march=native", "-ffp-contract=off", "-std=c++17", "-shared", "-fPIC", "-pthread"]


def _library():
    digest = hashlib.sha256(_SOURCE.read_bytes() + " ".join(_FLAGS).encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"toco-bench-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    built = folder / f"lattice-{digest}.so"
    if not built.exists():
        partial = built.with_suffix(f".{os.getpid()}")
        subprocess.run(["g++", *_FLAGS, str(_SOURCE), "-o", str(partial)], check=True)
        partial.rename(built)
    library = ctypes.CDLL(str(built))
    pointer, integer, real = ctypes.c_void_p, ctypes.c_int, ctypes.c_float
    library.bilateral_filter.argtypes = [pointer] * 3 + [integer] * 4 + [real, real, integer]
    return library


_loaded = None


def bilateral_filter(levels, values, *, sigma_xy, sigma_rgb):
    """levels [B,3,h,w] in 0..255, values [B,K,h,w] -> K applied to values, [B,K,h,w]."""
    global _loaded
    _loaded = _loaded or _library()
    batch, channels, height, width = values.shape
    # The lattice is built and used on the processor, wherever the values are.
    image = levels.permute(0, 2, 3, 1).contiguous().cpu()
    given = values.permute(0, 2, 3, 1).contiguous().cpu()
    result = torch.empty_like(given)
    failed = _loaded.bilateral_filter(
        image.data_ptr(),
        given.data_ptr(),
        result.data_ptr(),
        batch,
        height,
        width,
        channels,
        sigma_xy,
        sigma_rgb,
        torch.get_num_threads(),
    )
    if failed:
        raise ValueError("The features span more lattice than the keys can name: choose larger sigmas.")
    return result.permute(0, 3, 1, 2).to(values.device)
