"""Compares both forms with a recorded trajectory: losses of every step, and the final weights."""

import json
from pathlib import Path

from iteration import Iteration, nchw
from tensor_file import read_safetensors

_NAMES = {"loss": "loss", "cls": "cls", "clsAux": "cls_aux", "ptc": "ptc", "ctc": "ctc", "seg": "seg", "reg": "reg"}
_BOUND = 1e-4


def _config(golden, behavior):
    thresholds, energy = golden["thresholds"], golden["energy"]
    return {
        "behavior": behavior,
        "network": {
            "image": golden["img_size"],
            "patch": golden["patch_size"],
            "dim": golden["embed_dim"],
            "depth": golden["depth"],
            "heads": golden["heads"],
            "auxBlock": golden["aux_layer"],
            "classes": golden["num_classes"] - 1,
            "decoderDim": golden["decoder_dim"],
            "projection": golden["proj"],
        },
        "scales": [1, 0.5, 1.5],
        "low": thresholds["low"],
        "high": thresholds["high"],
        "localCrops": {"size": golden["crop_size"], "threshold": 0.2},
        "temperature": golden["temp"],
        "momentum": golden["momentum"],
        "sigmaXy": energy["sigma_xy"],
        "sigmaRgb": energy["sigma_rgb"],
        "regScale": energy["weight"],
        "optimizer": {
            "lr": golden["lr"],
            "headLrScale": 10,
            "betas": golden["betas"],
            "epsilon": golden["eps"],
            "weightDecay": golden["weight_decay"],
            "warmup": golden["warmup_iter"],
            "warmupRatio": golden["warmup_ratio"],
            "iterations": golden["max_iter"],
            "power": golden["power"],
        },
    }


def _worst_weight(network, final):
    worst = 0.0
    for name, actual in network.state_dict().items():
        expected = final[name]
        difference = (actual - expected).abs()
        if name.endswith("attn.qkv.bias"):  # the true gradient of the keys' third is 0, AdamW scales rounding noise there
            third = difference.shape[0] // 3
            difference[third : 2 * third] = 0
        worst = max(worst, float(difference.max() / expected.abs().max()))
    return worst


def check(folder, form, precision="f32"):
    """Rows (quantity, error relative to the recorded value, bound)."""
    folder = Path(folder)
    inputs = read_safetensors(folder / "trajectory.safetensors")[0]
    rows = []
    for name, behavior in (("trajectory", "reference"), ("trajectory_corrected", "corrected")):
        if not (folder / f"{name}.json").exists():
            continue
        golden = json.loads((folder / f"{name}.json").read_text())
        origins = read_safetensors(folder / f"{name}.safetensors")[0]
        weights = read_safetensors(folder / "checkpoint.safetensors")[0]
        weights = {key: value for key, value in weights.items() if not key.startswith("encoder.head.")}
        iteration = Iteration(_config(golden["config"], behavior), weights, form=form, precision=precision)
        for i, expected in enumerate(golden["steps"]):
            of = {key[len(f"step{i}.") :]: value for key, value in inputs.items() if key.startswith(f"step{i}.")}
            actual = iteration.step(
                {
                    "images": nchw(of["images"]),
                    "globalView": nchw(of["global_view"]),
                    "localSource": nchw(of["local_source"]),
                    "labels": of["labels"],
                    "imgBox": of["img_box"],
                    "cropOrigins": origins[f"step{i}.crop_origins"],
                    "weights": {
                        "cls": 1,
                        "clsAux": 1,
                        "ptc": 0.2,
                        "ctc": 0.5,
                        "seg": expected["w_seg"],
                        "reg": expected["w_reg"],
                    },
                }
            )
            for ours, theirs in _NAMES.items():
                error = abs(actual[ours] - expected[theirs]) / abs(expected[theirs])
                rows.append((f"{form} {name} step {i} {ours}", error, _BOUND))
        final = read_safetensors(folder / f"{name}_final.safetensors")[0]
        rows.append((f"{form} {name} final weights", _worst_weight(iteration.network, final), 1e-3))
    return rows
