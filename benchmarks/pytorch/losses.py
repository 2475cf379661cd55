"""The terms of the training loss (METHOD section 2, 4 and 7-10)."""

import torch
from torch.nn import functional as F

from lattice import bilateral_filter
from targets import IGNORE, box_mask, denormalize


def cls_loss(logits, labels):
    return F.multilabel_soft_margin_loss(logits.float(), labels)


def ptc_loss(patch_tokens, affinity):
    unit = F.normalize(patch_tokens.float(), dim=2, eps=1e-8)
    similarity = (unit @ unit.transpose(1, 2)).abs()
    positive, negative = affinity == 1, affinity == 0
    pull = (similarity * positive).sum() / (positive.sum() + 1)
    push = (similarity * negative).sum() / (negative.sum() + 1)
    return 0.5 * (1 - pull) + 0.5 * push


def ctc_loss(student, teacher, flags, temperature=0.5, epsilon=1e-4):
    """Rows are view-major: row = view * B + image."""
    batch, views = flags.shape
    students = student.float().reshape(views, batch, -1).transpose(0, 1)
    teachers = teacher.float().reshape(-1, batch, student.shape[1]).transpose(0, 1)
    scores = (teachers @ students.transpose(1, 2) / temperature).exp()  # [B,G,V]
    positive = flags[:, None, :]
    negatives = (scores * (1 - positive)).sum(dim=2, keepdim=True) + epsilon
    per_view = -(scores / (scores + negatives)).log() * positive
    constant = (1 + negatives).log()
    total = (per_view.sum(dim=2) + constant[:, :, 0]).sum(dim=1)
    return (total / (teachers.shape[1] * (flags.sum(dim=1) + epsilon))).mean()


def seg_loss_twice(logits, labels):
    """As the original does it: one cross entropy per set."""
    background = torch.where(labels == 0, labels, IGNORE)
    foreground = torch.where(labels == 0, IGNORE, labels)
    terms = []
    for target in (background, foreground):
        count = (target != IGNORE).sum().clamp(min=1)
        terms.append(F.cross_entropy(logits, target, ignore_index=IGNORE, reduction="sum") / count)
    return 0.5 * (terms[0] + terms[1])


def seg_loss_once(logits, labels):
    """The same from one cross entropy, weighted by pixel."""
    background = labels == 0
    foreground = (labels != 0) & (labels != IGNORE)
    weights = torch.zeros(labels.shape)
    for chosen in (background, foreground):
        weights[chosen] = 0.5 / max(int(chosen.sum()), 1)
    entropy = F.cross_entropy(logits, labels, ignore_index=IGNORE, reduction="none")
    return (entropy * weights).sum()


class _Energy(torch.autograd.Function):
    """Gate and filtered values are held constant, so the gradient is not quite the derivative of the value."""

    @staticmethod
    def forward(ctx, masked, pull, factor):
        ctx.save_for_backward(pull)
        ctx.factor = factor
        return -factor * (masked * pull).sum()

    @staticmethod
    def backward(ctx, grad):
        (pull,) = ctx.saved_tensors
        return pull * (-2 * ctx.factor * grad), None, None


def reg_loss(logits, labels, images, box, *, sigma_xy, sigma_rgb, scale):
    height, width = labels.shape[1:]
    halved = F.avg_pool2d(logits.softmax(dim=1), 2)
    with torch.no_grad():
        roi = box_mask(box, (height, width))[:, None, ::2, ::2].float()
        levels = denormalize(images[:, :, ::2, ::2])
        unlabeled = (labels[:, ::2, ::2] == IGNORE)[:, None]
        unsure = (roi - halved.amax(dim=1, keepdim=True)).clamp_(min=0)
        gate = torch.where(unlabeled, 1.0, unsure)
        filtered = bilateral_filter(levels, halved * roi, sigma_xy=sigma_xy / 2, sigma_rgb=sigma_rgb)
        pull = filtered * gate
    return _Energy.apply(halved * roi, pull, scale / labels.shape[0])
