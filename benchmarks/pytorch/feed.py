"""Processor time that torchvision and Pillow take for the views of a training image, in one thread.

    feed.py CROP < paths      prints { versions, processor }: milliseconds an image

Main view, source of the local crops and second global view as METHOD describes them, as tensors; no lattice.
"""

import json
import random
import sys
import time

import PIL
import torch
import torchvision
from PIL import Image, ImageFilter
from torchvision import transforms
from torchvision.transforms import functional

torch.set_num_threads(1)
mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
jitter = transforms.ColorJitter(0.4, 0.4, 0.2, 0.1)


def appearance(image, blur, solarize=0.0):
    if random.random() < 0.8:
        image = jitter(image)
    if random.random() < 0.2:
        image = functional.to_grayscale(image, 3)
    if random.random() < blur:
        image = image.filter(ImageFilter.GaussianBlur(random.uniform(0.1, 2)))
    if random.random() < solarize:
        image = functional.solarize(image, 128)
    return functional.normalize(functional.to_tensor(image), mean, std)


def shared_crop(image, crop):
    scale = random.uniform(0.5, 2)
    image = image.resize((int(image.width * scale), int(image.height * scale)), Image.BILINEAR)
    if random.random() < 0.5:
        image = functional.hflip(image)
    width, height = max(crop, image.width), max(crop, image.height)
    padded = Image.new("RGB", (width, height))
    padded.paste(image, (random.randint(0, width - image.width), random.randint(0, height - image.height)))
    left, top = random.randint(0, width - crop), random.randint(0, height - crop)
    return padded.crop((left, top, left + crop, top + crop))


def views(path, crop):
    image = Image.open(path).convert("RGB")
    cut = shared_crop(image, crop)
    second = transforms.RandomResizedCrop(crop, (0.4, 1), interpolation=transforms.InterpolationMode.BICUBIC)(image)
    if random.random() < 0.5:
        second = functional.hflip(second)
    return appearance(cut, 1), appearance(cut, 0.5), appearance(second, 0.1, 0.2)


def main():
    crop = int(sys.argv[1])
    paths = sys.stdin.read().split("\n")
    random.seed(0)
    for path in paths[:8]:
        views(path, crop)
    start = time.process_time()
    for path in paths:
        views(path, crop)
    processor = 1000 * (time.process_time() - start) / len(paths)
    pillow = "Pillow-SIMD" if "post" in PIL.__version__ else "Pillow"
    versions = f"torchvision {torchvision.__version__} with {pillow} {PIL.__version__}"
    print(json.dumps({"versions": versions, "processor": processor}))


main()
