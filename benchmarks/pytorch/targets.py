"""What the losses learn from (METHOD section 2, 1-6); nothing here is differentiated."""

import torch
from torch.nn import functional as F

import par

IGNORE = 255
_MEAN = (123.675, 116.28, 103.53)
_STD = (58.395, 57.12, 57.375)


def resize(maps, size):
    if tuple(maps.shape[2:]) == tuple(size):
        return maps
    return F.interpolate(maps, size=tuple(size), mode="bilinear", align_corners=False)


def denormalize(images):
    """Levels 0..255, fractions left as 32-bit arithmetic gives them."""
    std, mean = (torch.tensor(values).reshape(1, 3, 1, 1) for values in (_STD, _MEAN))
    return images * std + mean


def fuse_cams(scales, size):
    """Per scale the larger of a map and its mirrored twin, ReLU; summed and normalized per image and class."""
    total = None
    for cam, mirrored in scales:
        merged = torch.maximum(resize(cam, size), resize(mirrored.flip(3), size)).relu_()
        total = merged if total is None else total.add_(merged)
    total -= total.amin(dim=(2, 3), keepdim=True)
    return total.div_(total.amax(dim=(2, 3), keepdim=True) + 1e-5)


def box_mask(box, size, cell=(1, 1)):
    """Where cells lie wholly inside each image's box, [B,h,w]."""
    y0, y1, x0, x1 = (edge.reshape(-1, 1, 1) for edge in box.unbind(1))
    y = (torch.arange(size[0]) * cell[0]).reshape(1, -1, 1)
    x = (torch.arange(size[1]) * cell[1]).reshape(1, 1, -1)
    return (y >= y0) & (y + cell[0] <= y1) & (x >= x0) & (x + cell[1] <= x1)


def valid(cam, labels):
    return cam * labels[:, :, None, None]


def region_mask(cam_aux, labels, low, high):
    certainty = valid(cam_aux, labels).amax(dim=1)
    return (certainty > low).int() + (certainty >= high).int()


def token_labels(cam_aux, labels, box, *, grid, behavior, low, high):
    size = cam_aux.shape[2:]
    small = valid(resize(cam_aux, grid), labels)
    certainty, label = small.max(dim=1)
    scored = torch.where(certainty > high, label + 1, IGNORE)
    scored = torch.where(certainty <= low, 0, scored)
    cell = (size[0] // grid[0], size[1] // grid[1]) if behavior == "corrected" else (1, 1)
    return torch.where(box_mask(box, grid, cell), scored, IGNORE)


def affinity(token_label):
    """1 for pairs of equal labels, 0 for different ones, 255 where either is unknown and on the diagonal."""
    flat = token_label.flatten(1)
    rows, columns = flat[:, :, None], flat[:, None, :]
    pairs = (rows == columns).to(torch.uint8)
    pairs[(rows == IGNORE) | (columns == IGNORE)] = IGNORE
    pairs.diagonal(dim1=1, dim2=2).fill_(IGNORE)
    return pairs


def draw_crops(region, box, noise, *, size, count, behavior):
    """Top-left corners of crops centered on background or uncertain pixels, [B,P,2]."""
    height, width = region.shape[1:]
    half = size // 2
    view = torch.zeros(1, height, width, dtype=torch.bool)
    view[:, half : height - half, half : width - half] = True
    fallbacks = [view & box_mask(box, (height, width)), view] if behavior == "corrected" else [view]
    eligible = (region <= 1) & fallbacks[0]
    for fallback in fallbacks:
        enough = eligible.sum(dim=(1, 2), keepdim=True) >= count
        eligible = torch.where(enough, eligible, fallback)
    scores = torch.where(eligible, noise, -1.0).flatten(1)
    centers = scores.topk(count, dim=1).indices
    return torch.stack([centers // width, centers % width], dim=2) - half


def crop_flags(region, origins, box, *, size, threshold, behavior):
    """1 for positive views, 0 for crops of background, [B,2+P]; the two global views come first."""
    real = box_mask(box, region.shape[1:])
    flags = torch.ones(region.shape[0], 2 + origins.shape[1])
    for b, corners in enumerate(origins.tolist()):
        for p, (y, x) in enumerate(corners):
            window = region[b, y : y + size, x : x + size].float()
            if behavior == "corrected":
                inside = real[b, y : y + size, x : x + size]
                mean = (window * inside).sum() / inside.sum().clamp(min=1)
            else:
                mean = window.mean()
            flags[b, 2 + p] = float(mean > threshold)
    return flags


def cut_crops(source, origins, size):
    """[P*B,3,s,s], view-major."""
    corners = origins.transpose(0, 1).tolist()
    return torch.stack([source[b, :, y : y + size, x : x + size] for row in corners for b, (y, x) in enumerate(row)])


def _par_images(images, behavior):
    levels = denormalize(images).clamp_(0, 255)
    levels = levels.round_() if behavior == "corrected" else levels.floor_()
    return F.avg_pool2d(levels.div_(255), 2)


def _combine(high_label, low_label, box):
    label = torch.where((high_label == 0) & (low_label > 0), IGNORE, high_label)
    return torch.where(box_mask(box, label.shape[1:]), label, IGNORE)


def refined_labels_per_image(cam, labels, images, box, *, behavior, low, high):
    """As the original does it: image by image, the stack of each background threshold by itself."""
    size = cam.shape[2:]
    halves = _par_images(images, behavior)
    refined = []
    for b in range(cam.shape[0]):
        present = labels[b].nonzero().flatten()
        classes = torch.cat([torch.zeros(1, dtype=torch.int64), present + 1])
        for background in (high, low):
            stack = torch.cat([torch.full((1, *size), background), cam[b, present]])
            masks = F.avg_pool2d(stack[None], 2).softmax(dim=1)
            weights = par.affinity(halves[b : b + 1])
            refined.append(classes[resize(par.refine(masks, weights), size).argmax(dim=1)])
    return _combine(torch.cat(refined[0::2]), torch.cat(refined[1::2]), box)


def refined_labels_together(cam, labels, images, box, *, behavior, low, high):
    """Both stacks of all images, classes present only, in one pass."""
    batch, size = cam.shape[0], cam.shape[2:]
    most = int(labels.sum(dim=1).max())
    order = labels.argsort(dim=1, descending=True, stable=True)[:, :most]  # present classes first
    there = labels.gather(1, order)
    planes = cam.gather(1, order[:, :, None, None].expand(-1, -1, *size))
    planes = F.avg_pool2d(planes, 2).masked_fill_(there[:, :, None, None] == 0, -1e9)
    stacks = []
    for background in (high, low):
        plane = torch.full((batch, 1, *planes.shape[2:]), background)
        stacks.append(torch.cat([plane, planes], dim=1).softmax(dim=1))
    weights = par.affinity(_par_images(images, behavior))
    refined = resize(par.refine(torch.cat(stacks, dim=1), weights), size)
    classes = F.pad(order + 1, (1, 0))  # [B,1+M]

    def label(planes):
        return classes.gather(1, planes.argmax(dim=1).flatten(1)).reshape(batch, *size)

    return _combine(label(refined[:, : most + 1]), label(refined[:, most + 1 :]), box)
