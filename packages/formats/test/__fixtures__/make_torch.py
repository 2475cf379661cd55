"""Writes torch.json: small files as PyTorch writes them, base64, with the tensors they hold. Needs torch."""

import argparse
import base64
import collections
import io
import json
import pathlib

import numpy as np
import torch

torch.manual_seed(5)


def save(value, legacy):
    file = io.BytesIO()
    torch.save(value, file, _use_new_zipfile_serialization=not legacy)
    return base64.b64encode(file.getvalue()).decode()


def described(tensor):
    values = tensor.detach().flatten()
    if tensor.dtype in (torch.float16, torch.bfloat16):
        values = values.float()
    return {"dtype": str(tensor.dtype)[6:], "shape": list(tensor.shape), "values": values.tolist()}


def entry(value, tensors):
    return {
        "zip": save(value, False),
        "legacy": save(value, True),
        "tensors": {name: described(tensor) for name, tensor in tensors.items()},
    }


base = torch.randn(4, 3)
tensors = collections.OrderedDict(
    whole=base,
    transposed=base.t(),
    column=base[:, 1],
    rows=base[1:3],
    permuted=torch.randn(2, 3, 4).permute(2, 0, 1),
    expanded=torch.randn(3, 1).expand(3, 2),
    scalar=torch.tensor(2.5),
    empty=torch.zeros(0, 3),
    half=torch.randn(3).half(),
    bfloat16=torch.randn(3).bfloat16(),
    double=torch.randn(3).double(),
    int64=torch.tensor([1, -(2**40)]),
    int32=torch.tensor([1, -2], dtype=torch.int32),
    int16=torch.tensor([1, -2], dtype=torch.int16),
    int8=torch.tensor([1, -2], dtype=torch.int8),
    uint8=torch.tensor([1, 254], dtype=torch.uint8),
    bool=torch.tensor([True, False]),
    uint16=torch.tensor([1, 65535], dtype=torch.uint16),
    uint32=torch.tensor([1, 2**32 - 1], dtype=torch.uint32),
)
tensors["parameter"] = torch.nn.Parameter(torch.randn(2))

network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
weights = network.state_dict()
optimizer = torch.optim.AdamW(network.parameters(), lr=0.1)
network(torch.randn(4, 2)).sum().backward()
optimizer.step()
parallel = collections.OrderedDict((f"module.{name}", tensor) for name, tensor in weights.items())
checkpoint = {
    "model": parallel,
    "optimizer": optimizer.state_dict(),
    "epoch": 7,
    "best": np.float64(0.5),
    "args": argparse.Namespace(lr=0.1, name="tiny"),
    "size": torch.Size([2, 3]),
    "device": torch.device("cpu"),
    "dtype": torch.float16,
}

out = {
    "tensors": entry(tensors, tensors),
    "checkpoint": entry(checkpoint, weights),
    "state_dict": entry(weights, weights),
    "module": {"zip": save(network, False)},
    "complex": {"zip": save(torch.zeros(2, dtype=torch.complex64), False)},
}
(pathlib.Path(__file__).parent / "torch.json").write_text(json.dumps(out, indent=1) + "\n")
