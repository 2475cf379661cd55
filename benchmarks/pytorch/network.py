"""ToCo's heads on the encoder (METHOD section 1), with the names of its checkpoints."""

import torch
from torch import nn
from torch.nn import functional as F

from vit import VisionTransformer


class Decoder(nn.Module):
    """LargeFOV: two 3x3 convolutions of dilation 5 and a 1x1 one."""

    def __init__(self, dim, hidden, classes):
        super().__init__()
        self.conv6 = nn.Conv2d(dim, hidden, 3, padding=5, dilation=5, bias=False)
        self.conv7 = nn.Conv2d(hidden, hidden, 3, padding=5, dilation=5, bias=False)
        self.conv8 = nn.Conv2d(hidden, classes, 1, bias=False)

    def forward(self, x):
        return self.conv8(F.relu(self.conv7(F.relu(self.conv6(x)))))


class WeightNormed(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight_g = nn.Parameter(torch.ones(outputs, 1), requires_grad=False)
        self.weight_v = nn.Parameter(torch.zeros(outputs, inputs))

    def forward(self, x):
        return F.linear(x, F.normalize(self.weight_v, dim=1) * self.weight_g)


class ProjectionHead(nn.Module):
    def __init__(self, dim, hidden, bottleneck, out):
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(dim, hidden),
            nn.GELU(),
            nn.Linear(hidden, hidden),
            nn.GELU(),
            nn.Linear(hidden, bottleneck),
        )
        self.last_layer = WeightNormed(bottleneck, out)

    def forward(self, tokens):
        return self.last_layer(F.normalize(self.mlp(tokens), dim=-1))


class Network(nn.Module):
    def __init__(self, config, *, fused, cache_positions):
        super().__init__()
        dim, classes = config["dim"], config["classes"]
        self.encoder = VisionTransformer(
            image=config["image"],
            patch=config["patch"],
            dim=dim,
            depth=config["depth"],
            heads=config["heads"],
            aux_block=config["auxBlock"],
            fused=fused,
            cache_positions=cache_positions,
        )
        projection = config["projection"]
        sizes = (projection["hidden"], projection["bottleneck"], projection["out"])
        self.classifier = nn.Conv2d(dim, classes, 1, bias=False)
        self.aux_classifier = nn.Conv2d(dim, classes, 1, bias=False)
        self.decoder = Decoder(dim, config["decoderDim"], classes + 1)
        self.proj_head = ProjectionHead(dim, *sizes)
        self.proj_head_t = ProjectionHead(dim, *sizes).requires_grad_(False)

    @staticmethod
    def classify(classifier, tokens):
        """Global maximum over tokens, then the classifier; one token of a tie gets the gradient."""
        return F.linear(tokens.max(dim=1).values, classifier.weight.flatten(1))

    @staticmethod
    def raw_cam(classifier, tokens, grid):
        scores = F.linear(tokens, classifier.weight.flatten(1))  # [B,N,C]
        return scores.transpose(1, 2).reshape(tokens.shape[0], -1, *grid).float()

    def raw_cams(self, patch_tokens, aux_tokens, grid):
        return (
            self.raw_cam(self.classifier, patch_tokens, grid),
            self.raw_cam(self.aux_classifier, aux_tokens, grid),
        )

    def segment(self, patch_tokens, grid):
        """Decoder logits on the token grid. The copy pays: dilated convolutions of channels-last views took 17 % more."""
        batch, _, dim = patch_tokens.shape
        features = patch_tokens.transpose(1, 2).contiguous().reshape(batch, dim, *grid)
        return self.decoder(features)

    def parameter_groups(self, lr):
        encoder, heads = [], []
        for name, parameter in self.named_parameters():
            if parameter.requires_grad:
                (encoder if name.startswith("encoder.") else heads).append(parameter)
        return [{"params": encoder, "lr": lr}, {"params": heads, "lr": 10 * lr}]

    @torch.no_grad()
    def update_teacher(self, momentum):
        teacher = list(self.proj_head_t.parameters())
        student = list(self.proj_head.parameters())
        torch._foreach_lerp_(teacher, student, 1 - momentum)
