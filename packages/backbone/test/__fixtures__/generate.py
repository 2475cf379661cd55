"""Writes swin.safetensors and dinov2.safetensors: small networks of timm and torchvision with random weights, what they
make of random images, and gradients.

    pip install torch timm torchvision safetensors numpy
    python generate.py

Written with torch 2.15.0, timm 1.0.31 and torchvision 0.29.2 on a CPU. Keys: `params.*` are timm's names and layouts,
`SIZE.images` [B,H,W,3], `SIZE.stageI` [B,h,w,D], `SIZE.tokens` after the final norm, `SIZE.grad.*` the gradient of
mean(tokens³) + mean(auxiliary tokens²).
"""

from functools import partial
from pathlib import Path

import torch
from safetensors.torch import save_file
from timm.models.swin_transformer import SwinTransformer
from timm.models.vision_transformer import VisionTransformer
from torch import nn
from torchvision.models import swin_transformer as torchvision_swin

FOLDER = Path(__file__).parent


def roughen(model):
    """Weights that are neither small nor symmetric, so that every term matters."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape)
            if parameter.ndim == 1 and name.endswith(("weight", "gamma")):
                parameter.copy_(1 + 0.3 * noise)
            elif "table" in name:
                parameter.copy_(noise)
            else:
                parameter.copy_(0.25 * noise)
    return model.eval()


def random_images(height, width, batch=1):
    return torch.randn(batch, 3, height, width)


def kept(tensor):
    return tensor.detach().contiguous()


# --- Swin ---

EMBED, DEPTHS, HEADS, WINDOW = 8, (2, 2, 2), (2, 2, 4), 4
GRADIENTS = (
    "patch_embed.proj.weight",
    "layers.0.blocks.1.attn.relative_position_bias_table",
    "layers.1.downsample.norm.weight",
    "layers.1.downsample.reduction.weight",
    "layers.1.blocks.1.attn.relative_position_bias_table",
    "layers.2.blocks.0.attn.qkv.weight",
    "layers.2.blocks.1.mlp.fc1.bias",
)


def timm_swin(height, width):
    return SwinTransformer(
        img_size=(height, width),
        patch_size=4,
        embed_dim=EMBED,
        depths=DEPTHS,
        num_heads=HEADS,
        window_size=WINDOW,
        num_classes=0,
        drop_path_rate=0.0,
    )


def torchvision_name(name):
    name = name.replace("patch_embed.proj", "features.0.0").replace("patch_embed.norm", "features.0.2")
    parts = name.split(".")
    if parts[0] == "layers":
        stage = int(parts[1])
        if parts[2] == "downsample":
            return ".".join([f"features.{2 * stage}", *parts[3:]])
        rest = ".".join(parts[4:]).replace("mlp.fc1", "mlp.0").replace("mlp.fc2", "mlp.3")
        return f"features.{2 * stage + 1}.{parts[3]}.{rest}"
    return name


def run_timm(params, height, width, images):
    model = timm_swin(height, width).eval()
    model.load_state_dict(params)
    x = model.patch_embed(images)
    stages = []
    for layer in model.layers:
        x = layer(x)
        stages.append(x)
    return stages, model.norm(x), dict(model.named_parameters())


def run_torchvision(params, images):
    model = torchvision_swin.SwinTransformer(
        patch_size=[4, 4],
        embed_dim=EMBED,
        depths=list(DEPTHS),
        num_heads=list(HEADS),
        window_size=[WINDOW, WINDOW],
        stochastic_depth_prob=0.0,
        num_classes=1,
    ).eval()
    renamed = {torchvision_name(name): value for name, value in params.items()}
    result = model.load_state_dict(renamed, strict=False)
    assert not result.unexpected_keys, result.unexpected_keys
    assert all("relative_position_index" in key or key.startswith("head.") for key in result.missing_keys)
    x = images
    stages = []
    for i, feature in enumerate(model.features):
        x = feature(x)
        if i % 2 == 1:
            stages.append(x)
    own = dict(model.named_parameters())
    return stages, model.norm(x), {name: own[torchvision_name(name)] for name in params}


def write_swin():
    torch.manual_seed(1)
    params = {name: kept(value) for name, value in roughen(timm_swin(64, 64)).state_dict().items()}
    arrays = {f"params.{name}": value for name, value in params.items()}
    for source, height, width in (
        ("timm", 64, 64),
        ("timm", 128, 64),
        ("torchvision", 72, 56),
        ("torchvision", 20, 12),
    ):
        images = random_images(height, width)
        run = run_timm(params, height, width, images) if source == "timm" else run_torchvision(params, images)
        stages, tokens, parameters = run
        loss = (tokens**3).mean() + (stages[-2] ** 2).mean()
        loss.backward()
        key = f"{height}x{width}"
        arrays[f"{key}.images"] = kept(images.permute(0, 2, 3, 1))
        for i, stage in enumerate(stages):
            arrays[f"{key}.stage{i}"] = kept(stage)
        arrays[f"{key}.tokens"] = kept(tokens)
        for name in GRADIENTS:
            arrays[f"{key}.grad.{name}"] = kept(parameters[name].grad)
    save_file(arrays, FOLDER / "swin.safetensors")


# --- DINOv2's vision transformer ---


def write_dinov2():
    torch.manual_seed(2)
    arrays = {}
    for kind, registers in (("plain", 0), ("registers", 3)):
        model = roughen(
            VisionTransformer(
                img_size=42,
                patch_size=7,
                embed_dim=12,
                depth=3,
                num_heads=3,
                init_values=1e-5,
                reg_tokens=registers,
                no_embed_class=registers > 0,
                dynamic_img_size=True,
                num_classes=0,
                norm_layer=partial(nn.LayerNorm, eps=1e-6),
            )
        )
        arrays |= {f"{kind}.params.{name}": kept(value) for name, value in model.state_dict().items()}
        blocks = []
        for block in model.blocks:
            block.register_forward_hook(lambda _module, _inputs, output: blocks.append(output))
        for height, width in ((42, 42), (28, 21), (56, 63)):
            blocks.clear()
            model.zero_grad()
            images = random_images(height, width, 2)
            tokens = model.forward_features(images)
            patches, aux = tokens[:, 1 + registers :], blocks[0][:, 1 + registers :]
            ((patches**3).mean() + (aux**2).mean()).backward()
            key = f"{kind}.{height}x{width}"
            arrays[f"{key}.images"] = kept(images.permute(0, 2, 3, 1))
            arrays[f"{key}.tokens"] = kept(tokens)
            arrays[f"{key}.block0"] = kept(blocks[0])
            names = ["cls_token", "blocks.0.ls1.gamma", "blocks.1.ls2.gamma", "blocks.0.attn.qkv.weight"]
            for name in names + (["reg_token"] if registers else []):
                arrays[f"{key}.grad.{name}"] = kept(dict(model.named_parameters())[name].grad)
    save_file(arrays, FOLDER / "dinov2.safetensors")


if __name__ == "__main__":
    torch.set_num_threads(1)
    write_swin()
    write_dinov2()
