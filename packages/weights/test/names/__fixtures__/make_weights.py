"""Writes weights.json: a small ViT as programs in PyTorch save it, base64, and as `transformers` names it. Needs torch."""

import base64
import collections
import io
import json
import pathlib

import torch

torch.manual_seed(11)
dim, depth, patch, grid, classes = 8, 2, 4, 2, 3

shapes = collections.OrderedDict(cls_token=(1, 1, dim), pos_embed=(1, 1 + grid * grid, dim))
shapes["patch_embed.proj.weight"] = (dim, 3, patch, patch)
shapes["patch_embed.proj.bias"] = (dim,)
for i in range(depth):
    for norm in ("norm1", "norm2"):
        shapes[f"blocks.{i}.{norm}.weight"] = shapes[f"blocks.{i}.{norm}.bias"] = (dim,)
    for name, out, inputs in (("attn.qkv", 3 * dim, dim), ("attn.proj", dim, dim), ("mlp.fc1", 4 * dim, dim), ("mlp.fc2", dim, 4 * dim)):
        shapes[f"blocks.{i}.{name}.weight"] = (out, inputs)
        shapes[f"blocks.{i}.{name}.bias"] = (out,)
shapes["norm.weight"] = shapes["norm.bias"] = (dim,)
shapes["head.weight"] = (classes, dim)
shapes["head.bias"] = (classes,)
weights = collections.OrderedDict((name, torch.randn(shape).half().float()) for name, shape in shapes.items())


def save(value, legacy=False):
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=not legacy)
    return base64.b64encode(file.getvalue()).decode()


parallel = collections.OrderedDict((f"module.{name}", tensor) for name, tensor in weights.items())
half = collections.OrderedDict((name, tensor.half()) for name, tensor in weights.items())
out = {
    "state": {
        name: {"shape": list(tensor.shape), "values": base64.b64encode(tensor.numpy().tobytes()).decode()}
        for name, tensor in weights.items()
    },
    "nested": save({"model": half, "epoch": 3}),
    "legacy": save(parallel, legacy=True),
    "both": save({"student": half, "teacher": half}, legacy=True),
}
path = pathlib.Path(__file__).with_name("weights.json")
path.write_text(json.dumps(out))
print(path.stat().st_size)
