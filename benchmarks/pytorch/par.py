"""Pixel-adaptive refinement (METHOD section 3)."""

import math

import torch
from torch.nn import functional as F

DILATIONS = (1, 2, 4, 8, 12, 24)
_DIRECTIONS = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)]
_OFFSETS = [(y * r, x * r) for r in DILATIONS for y, x in _DIRECTIONS]
_REACH = max(DILATIONS)


def _neighbors(maps):
    """The map seen from every offset, as views of one padded copy."""
    height, width = maps.shape[2:]
    padded = F.pad(maps, (_REACH,) * 4, mode="replicate")
    for dy, dx in _OFFSETS:
        y, x = _REACH + dy, _REACH + dx
        yield padded[:, :, y : y + height, x : x + width]


def _position_weights():
    distances = torch.tensor([math.hypot(y, x) for y, x in _OFFSETS])
    return 0.01 * torch.softmax(-((distances / (distances.std() + 1e-8) / 0.3) ** 2), dim=0)


def affinity(images):
    """[B,3,h,w] in 0..1 -> weights of the 48 neighbors, [48,B,1,h,w]."""
    neighbors = torch.stack(list(_neighbors(images)))  # [48,B,3,h,w]
    sigma = neighbors.std(dim=0)
    difference = neighbors.sub_(images).div_((sigma + 1e-8) * 0.3)
    logits = difference.square_().mean(dim=2, keepdim=True).neg_()
    return logits.softmax(dim=0).add_(_position_weights().reshape(-1, 1, 1, 1, 1))


def refine(masks, weights, iterations=10):
    """[B,planes,h,w] -> the same after 10 rounds of averaging over similar neighbors."""
    for _ in range(iterations):
        refined = torch.zeros_like(masks)
        for neighbor, weight in zip(_neighbors(masks), weights):
            refined.addcmul_(neighbor, weight)
        masks = refined
    return masks
