"""A visual tower of CLIP with random weights in OpenAI's names, and what Hugging Face's `transformers` makes of random images.

    pip install "transformers==4.46.3" "flax==0.8.5" "jax==0.4.30" "jaxlib==0.4.30" "scipy<1.13" "numpy<2" safetensors
    python clip_tower.py small clip.safetensors

`small` is the fixture clip.safetensors, `base` ViT-B/16. Keys: `params.*` are the weights, `SIDE.images` [B,H,W,3], `SIDE.prepared`
what enters the first block, `SIDE.block0` its output, `SIDE.tokens` behind the final norm, `SIDE.embedding` the class token behind the
projection. Sides other than that of the positions have them resized by cubic interpolation (a = -0.5) that filters when shrinking.
"""

import sys

import jax
import jax.numpy as jnp
import numpy as np
from safetensors.numpy import save_file
from transformers import CLIPVisionConfig, FlaxCLIPVisionModel

jax.config.update("jax_default_matmul_precision", "highest")

SIZES = {
    "small": {
        "sides": (32, 48, 24),
        "batch": 2,
        "projection": 10,
        "config": {
            "hidden_size": 16,
            "intermediate_size": 64,
            "num_hidden_layers": 3,
            "num_attention_heads": 2,
            "image_size": 32,
            "patch_size": 8,
        },
    },
    "base": {
        "sides": (224, 320),
        "batch": 1,
        "projection": 512,
        "config": {
            "hidden_size": 768,
            "intermediate_size": 3072,
            "num_hidden_layers": 12,
            "num_attention_heads": 12,
            "image_size": 224,
            "patch_size": 16,
        },
    },
}

RANDOM = np.random.default_rng(0)


def normal(shape, scale):
    return (scale * RANDOM.standard_normal(shape)).astype(np.float32)


def weights(config, projection):
    """OpenAI's names; norms and biases away from 1 and 0, so that every one of them matters."""
    dim, hidden, patch = config["hidden_size"], config["intermediate_size"], config["patch_size"]
    tokens = (config["image_size"] // patch) ** 2
    arrays = {
        "class_embedding": normal((dim,), 0.5),
        "positional_embedding": normal((1 + tokens, dim), 0.5),
        "conv1.weight": normal((dim, 3, patch, patch), (3 * patch * patch) ** -0.5),
        "proj": normal((dim, projection), dim**-0.5),
    }

    def norm(name):
        arrays[f"{name}.weight"] = 1 + normal((dim,), 0.2)
        arrays[f"{name}.bias"] = normal((dim,), 0.2)

    def linear(weight, bias, outputs, inputs):
        arrays[weight] = normal((outputs, inputs), inputs**-0.5)
        arrays[bias] = normal((outputs,), 0.2)

    norm("ln_pre")
    norm("ln_post")
    for index in range(config["num_hidden_layers"]):
        block = f"transformer.resblocks.{index}"
        norm(f"{block}.ln_1")
        norm(f"{block}.ln_2")
        linear(f"{block}.attn.in_proj_weight", f"{block}.attn.in_proj_bias", 3 * dim, dim)
        linear(f"{block}.attn.out_proj.weight", f"{block}.attn.out_proj.bias", dim, dim)
        linear(f"{block}.mlp.c_fc.weight", f"{block}.mlp.c_fc.bias", hidden, dim)
        linear(f"{block}.mlp.c_proj.weight", f"{block}.mlp.c_proj.bias", dim, hidden)
    return {f"visual.{name}": array for name, array in arrays.items()}


def flax_params(arrays, config, positions):
    """The same weights as the tree of the Flax model; kernels are [in,out]."""
    of = lambda name: arrays[f"visual.{name}"]
    norm = lambda name: {"scale": of(f"{name}.weight"), "bias": of(f"{name}.bias")}
    dense = lambda name: {"kernel": of(f"{name}.weight").T, "bias": of(f"{name}.bias")}

    def block(index):
        name = f"transformer.resblocks.{index}"
        kernels = np.split(of(f"{name}.attn.in_proj_weight"), 3)
        biases = np.split(of(f"{name}.attn.in_proj_bias"), 3)
        attention = {
            f"{part}_proj": {"kernel": kernel.T, "bias": bias} for part, kernel, bias in zip("qkv", kernels, biases)
        }
        return {
            "layer_norm1": norm(f"{name}.ln_1"),
            "layer_norm2": norm(f"{name}.ln_2"),
            "self_attn": {**attention, "out_proj": dense(f"{name}.attn.out_proj")},
            "mlp": {"fc1": dense(f"{name}.mlp.c_fc"), "fc2": dense(f"{name}.mlp.c_proj")},
        }

    return {
        "vision_model": {
            "embeddings": {
                "class_embedding": of("class_embedding"),
                "patch_embedding": {"kernel": of("conv1.weight").transpose(2, 3, 1, 0)},
                "position_embedding": {"embedding": positions},
            },
            "pre_layrnorm": norm("ln_pre"),
            "encoder": {"layers": {str(i): block(i) for i in range(config["num_hidden_layers"])}},
            "post_layernorm": norm("ln_post"),
        }
    }


def resized(positions, old, new):
    grid = positions[1:].reshape(old, old, -1)
    moved = jax.image.resize(grid, (new, new, grid.shape[-1]), method="cubic", antialias=True)
    return np.concatenate([positions[:1], np.asarray(moved).reshape(new * new, -1)])


def main(size, path):
    chosen = SIZES[size]
    config = chosen["config"]
    arrays = weights(config, chosen["projection"])
    results = {}
    for side in chosen["sides"]:
        patch = config["patch_size"]
        positions = arrays["visual.positional_embedding"]
        if side != config["image_size"]:
            positions = resized(positions, config["image_size"] // patch, side // patch)
        sized = CLIPVisionConfig(**{**config, "image_size": side}, hidden_act="quick_gelu", layer_norm_eps=1e-5)
        model = FlaxCLIPVisionModel(sized, _do_init=False)
        params = jax.tree_util.tree_map(jnp.asarray, flax_params(arrays, config, positions))
        images = normal((chosen["batch"], side, side, 3), 1)
        output = model(images.transpose(0, 3, 1, 2), params=params, output_hidden_states=True)
        last = np.asarray(output.last_hidden_state, np.float64)
        scale, bias = arrays["visual.ln_post.weight"], arrays["visual.ln_post.bias"]
        centered = last - last.mean(-1, keepdims=True)
        tokens = centered / np.sqrt((centered**2).mean(-1, keepdims=True) + 1e-5) * scale + bias
        pooled = np.asarray(output.pooler_output)
        assert np.abs(tokens[:, 0] - pooled).max() < 1e-5 * np.abs(pooled).max()
        results |= {
            f"{side}.images": images,
            f"{side}.prepared": np.asarray(output.hidden_states[0]),
            f"{side}.block0": np.asarray(output.hidden_states[1]),
            f"{side}.tokens": tokens.astype(np.float32),
            f"{side}.embedding": pooled @ arrays["visual.proj"],
        }
    stored = {f"params.{name}": array for name, array in arrays.items()} | results
    save_file({name: np.ascontiguousarray(array) for name, array in stored.items()}, path)


if __name__ == "__main__":
    main(*sys.argv[1:])
