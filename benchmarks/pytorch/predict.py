"""PyTorch's side of the prediction benchmark: all images of a folder for each line of input (METHOD section 7, protocol voc).

    predict.py FOLDER THREADS|- eager|compiled

Scaled images are of whole patches, as on the other side. CRFs run in a pool of processes beside the network's passes.
"""

import json
import multiprocessing
import os
import sys
import time
from pathlib import Path

import numpy
import torch
from torch.nn import functional as F

from contender import load
from network import Network

SCALES = (1, 1.25, 1.5)


def refine(image, probabilities):
    """Labels by pydensecrf with the preset of ToCo, and the processor seconds that they took."""
    from pydensecrf import densecrf

    start = time.process_time()
    classes, height, width = probabilities.shape
    crf = densecrf.DenseCRF2D(width, height, classes)
    unary = -numpy.log(probabilities.reshape(classes, -1).clip(1e-5, 1))
    crf.setUnaryEnergy(numpy.ascontiguousarray(unary))
    crf.addPairwiseGaussian(sxy=1, compat=1)
    crf.addPairwiseBilateral(sxy=121, srgb=5, rgbim=image, compat=4)
    labels = numpy.argmax(crf.inference(10), axis=0).astype(numpy.uint8)
    return labels, time.process_time() - start


class Passes(torch.nn.Module):
    """Segmentation logits on the token grid of a normalized batch."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, images):
        patch = self.network.encoder.patch
        _, tokens, _ = self.network.encoder(images)
        return self.network.segment(tokens, (images.shape[2] // patch, images.shape[3] // patch))


@torch.inference_mode()
def fused_logits(passes, image, patch):
    """[K,H,W]: maximum over scales of the sums of both twins."""
    mean = torch.tensor([123.675, 116.28, 103.53]).view(3, 1, 1)
    std = torch.tensor([58.395, 57.12, 57.375]).view(3, 1, 1)
    pixels = ((torch.from_numpy(image).permute(2, 0, 1).float() - mean) / std)[None]
    size = pixels.shape[2:]
    fused = None
    for scale in SCALES:
        seen = [max(1, round(scale * side / patch)) * patch for side in size]
        scaled = F.interpolate(pixels, size=seen, mode="bilinear", align_corners=False)
        both = passes(torch.cat([scaled, scaled.flip(3)]))
        logits = both[:1] + both[1:].flip(3)
        logits = F.interpolate(logits, size=size, mode="bilinear", align_corners=False)
        fused = logits if fused is None else torch.maximum(fused, logits)
    return fused[0]


def main():
    folder, threads, form = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    count = int(threads) if threads != "-" else len(os.sched_getaffinity(0))
    torch.set_num_threads(count)
    listed = json.loads((folder / "images.json").read_text())
    images = [
        numpy.fromfile(folder / one["name"], numpy.uint8).reshape(one["height"], one["width"], 3) for one in listed
    ]
    with multiprocessing.get_context("spawn").Pool(count) as pool:
        pool.map(refine_small, range(count))
        serve(pool, folder, images, form)


def refine_small(_):
    refine(numpy.zeros((8, 8, 3), numpy.uint8), numpy.full((2, 8, 8), 0.5, numpy.float32))


def serve(pool, folder, images, form):
    config, _, weights = load(folder / "inputs.safetensors", "cpu")
    network = Network(config["network"], fused=True, cache_positions=True)
    network.load_state_dict(weights)
    passes = Passes(network.eval())
    if form == "compiled":
        passes = torch.compile(passes, dynamic=False)
    patch = config["network"]["patch"]

    def say(answer):
        print(json.dumps(answer), flush=True)

    say({"version": f"PyTorch {torch.__version__}", "threads": torch.get_num_threads()})
    for line in sys.stdin:
        request = json.loads(line)
        start, processor_start = time.perf_counter(), time.process_time()
        labels, pending, elsewhere = [], [], 0
        for image in images:
            logits = fused_logits(passes, image, patch)
            if request["crf"]:
                probabilities = torch.softmax(logits, dim=0).numpy()
                pending.append(pool.apply_async(refine, (image, probabilities)))
            else:
                labels.append(torch.argmax(logits, dim=0).to(torch.uint8).numpy())
        for one in pending:
            refined, seconds = one.get()
            labels.append(refined)
            elsewhere += seconds
        milliseconds = 1000 * (time.perf_counter() - start)
        processor = 1000 * (time.process_time() - processor_start + elsewhere)
        path = folder / f"labels-pytorch-{form}-{request['crf']}"
        numpy.concatenate([one.reshape(-1) for one in labels]).tofile(path)
        say({"milliseconds": milliseconds, "processorMilliseconds": processor, "labels": str(path)})


if __name__ == "__main__":
    main()
