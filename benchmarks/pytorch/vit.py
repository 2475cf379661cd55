"""The encoder: a pre-norm vision transformer with timm's names (METHOD section 1)."""

import torch
from torch import nn
from torch.nn import functional as F


class Attention(nn.Module):
    """Multi-head self-attention, written out or by PyTorch's fused kernel."""

    def __init__(self, dim, heads, fused):
        super().__init__()
        self.heads = heads
        self.fused = fused
        self.scale = (dim // heads) ** -0.5
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        batch, count, dim = x.shape
        parts = self.qkv(x).reshape(batch, count, 3, self.heads, dim // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4).unbind(0)  # [B,heads,T,d] each
        if self.fused:
            mixed = F.scaled_dot_product_attention(query, key, value)
        else:
            weights = (query @ key.transpose(-2, -1)) * self.scale
            mixed = weights.softmax(dim=-1) @ value
        return self.proj(mixed.transpose(1, 2).reshape(batch, count, dim))


class Mlp(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, dim, heads, fused):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim, eps=1e-6)
        self.attn = Attention(dim, heads, fused)
        self.norm2 = nn.LayerNorm(dim, eps=1e-6)
        self.mlp = Mlp(dim, 4 * dim)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PatchEmbed(nn.Module):
    def __init__(self, patch, dim):
        super().__init__()
        self.proj = nn.Conv2d(3, dim, patch, patch)

    def forward(self, images):
        return self.proj(images).flatten(2).transpose(1, 2)


class VisionTransformer(nn.Module):
    """`forward` gives class token, patch tokens (both normed) and auxiliary tokens (not normed)."""

    def __init__(self, *, image, patch, dim, depth, heads, aux_block, fused, cache_positions):
        super().__init__()
        self.patch = patch
        self.grid = image // patch
        self.aux_block = aux_block % depth
        self.cache_positions = cache_positions
        self._positions = {}
        self.patch_embed = PatchEmbed(patch, dim)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + self.grid**2, dim), requires_grad=False)
        self.blocks = nn.ModuleList(Block(dim, heads, fused) for _ in range(depth))
        self.norm = nn.LayerNorm(dim, eps=1e-6)

    @torch.no_grad()
    def _resized_positions(self, grid):
        if grid == (self.grid, self.grid):
            return self.pos_embed
        first, rest = self.pos_embed[:, :1], self.pos_embed[:, 1:]
        square = rest.reshape(1, self.grid, self.grid, -1).permute(0, 3, 1, 2)
        resized = F.interpolate(square, size=grid, mode="bicubic", align_corners=False)
        return torch.cat([first, resized.flatten(2).transpose(1, 2)], dim=1)

    def positions(self, grid):
        """Positions on a token grid; they are not trained, so the de-duplicated form resizes them once."""
        if not self.cache_positions:
            return self._resized_positions(grid)
        if grid not in self._positions:
            with torch.inference_mode(False):
                self._positions[grid] = self._resized_positions(grid).detach().clone()
        return self._positions[grid]

    def forward(self, images):
        grid = (images.shape[2] // self.patch, images.shape[3] // self.patch)
        patches = self.patch_embed(images)
        tokens = torch.cat([self.cls_token.expand(images.shape[0], -1, -1), patches], dim=1)
        tokens = tokens + self.positions(grid)
        for index, block in enumerate(self.blocks):
            tokens = block(tokens)
            if index == self.aux_block:
                aux = tokens
        tokens = self.norm(tokens)
        return tokens[:, 0], tokens[:, 1:], aux[:, 1:]
