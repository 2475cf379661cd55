"""Writes network.pth: a small network saved as the authors' program does, from data-parallel training. Needs torch.

Every value follows from its place and its array's name, so that a test can tell whether each went where it belongs.
"""

import collections
import pathlib

import torch

dim, depth, patch, grid, classes, width = 12, 3, 8, 4, 6, 8
hidden, bottleneck, out = 16, 8, 16

shapes = collections.OrderedDict()
shapes["cls_token"] = (1, 1, dim)
shapes["pos_embed"] = (1, 1 + grid * grid, dim)
shapes["patch_embed.proj.weight"] = (dim, 3, patch, patch)
shapes["patch_embed.proj.bias"] = (dim,)
for i in range(depth):
    for norm in ("norm1", "norm2"):
        shapes[f"blocks.{i}.{norm}.weight"] = shapes[f"blocks.{i}.{norm}.bias"] = (dim,)
    for name, rows, columns in (
        ("attn.qkv", 3 * dim, dim),
        ("attn.proj", dim, dim),
        ("mlp.fc1", 4 * dim, dim),
        ("mlp.fc2", dim, 4 * dim),
    ):
        shapes[f"blocks.{i}.{name}.weight"] = (rows, columns)
        shapes[f"blocks.{i}.{name}.bias"] = (rows,)
shapes["norm.weight"] = shapes["norm.bias"] = (dim,)
shapes["head.weight"] = (1000 // 10, dim)
shapes["head.bias"] = (1000 // 10,)
shapes = collections.OrderedDict((f"encoder.{name}", shape) for name, shape in shapes.items())
shapes["classifier.weight"] = shapes["aux_classifier.weight"] = (classes, dim, 1, 1)
shapes["decoder.conv6.weight"] = (width, dim, 3, 3)
shapes["decoder.conv7.weight"] = (width, width, 3, 3)
shapes["decoder.conv8.weight"] = (classes + 1, width, 1, 1)
for head in ("proj_head", "proj_head_t"):
    for layer, rows, columns in ((0, hidden, dim), (2, hidden, hidden), (4, bottleneck, hidden)):
        shapes[f"{head}.mlp.{layer}.weight"] = (rows, columns)
        shapes[f"{head}.mlp.{layer}.bias"] = (rows,)
    shapes[f"{head}.last_layer.weight_g"] = (out, 1)
    shapes[f"{head}.last_layer.weight_v"] = (out, bottleneck)


def values(name, shape):
    count = int(torch.tensor(shape).prod())
    places = torch.arange(count) * 7 + sum(name.encode()) * 13
    return ((places % 17 - 8) / 64).reshape(shape)


state = collections.OrderedDict((f"module.{name}", values(name, shape)) for name, shape in shapes.items())
path = pathlib.Path(__file__).with_name("network.pth")
torch.save(state, path)
print(path.stat().st_size)
