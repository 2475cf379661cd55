"""One training iteration of ToCo (METHOD section 2) in two forms.

`original` makes the passes that the published code makes: the CAMs' six forward passes with the decoder, the main view
once by itself and once more as first global view, the teacher's tokens encoded again, attention written out, labels
refined image by image and threshold by threshold. `deduplicated` computes the same numbers once each, with fused
attention.
"""

import contextlib

import torch
from torch.nn.parallel import DistributedDataParallel

import losses
import targets
from network import Network


def learning_rate(t, optimizer):
    """Linear warm-up, then polynomial decay."""
    lr, warmup, ratio = optimizer["lr"], optimizer["warmup"], optimizer["warmupRatio"]
    if t < warmup:
        return lr * (1 - (1 - t / warmup) * (1 - ratio))
    return lr * (1 - t / optimizer["iterations"]) ** optimizer["power"]


class Iteration:
    """Holds network and optimizer; `step` does one iteration and returns the losses as numbers."""

    def __init__(self, config, weights, *, form, precision):
        self.config = config
        self.original = form == "original"
        self.precision = precision
        self.network = Network(config["network"], fused=not self.original, cache_positions=not self.original)
        self.network.load_state_dict(weights)
        settings = config["optimizer"]
        self.optimizer = torch.optim.AdamW(
            self.network.parameter_groups(settings["lr"]),
            betas=tuple(settings["betas"]),
            eps=settings["epsilon"],
            weight_decay=settings["weightDecay"],
            fused=True,
        )
        self.t = 0
        self.compute_losses = self.loss_terms

    def share(self):
        """From now on gradients are means over all processes of torch.distributed."""
        self.compute_losses = DistributedDataParallel(
            Losses(self), broadcast_buffers=False, gradient_as_bucket_view=True, static_graph=True
        )

    def amp(self):
        """bfloat16 around networks and heads. One context per pass: casts made without gradient must not be reused."""
        if self.precision == "f32":
            return contextlib.nullcontext()
        return torch.autocast(torch.get_default_device().type, dtype=torch.bfloat16)

    def grid(self, images):
        patch = self.network.encoder.patch
        return images.shape[2] // patch, images.shape[3] // patch

    def multi_scale_cams(self, images, main=None):
        """CAMs of both classifiers; `main` holds the raw ones of the unscaled, unflipped images where they are known."""
        network, size = self.network, images.shape[2:]
        cams, aux_cams = [], []
        for scale in self.config["scales"]:
            scaled = targets.resize(images, [int(scale * side) for side in size])
            flipped = scaled.flip(3)
            known = main if scale == 1 else None
            seen = flipped if known else torch.cat([scaled, flipped])
            with self.amp():
                _, patch_tokens, aux_tokens = network.encoder(seen)
                if self.original:
                    network.segment(patch_tokens, self.grid(seen))
                raw = network.raw_cams(patch_tokens, aux_tokens, self.grid(seen))
            pairs = zip(known, raw) if known else (maps.chunk(2) for maps in raw)
            for pair, collected in zip(pairs, (cams, aux_cams)):
                collected.append(pair)
        return targets.fuse_cams(cams, size), targets.fuse_cams(aux_cams, size)

    @torch.inference_mode()
    def compute_targets(self, batch, main=None):
        images, labels, box = batch["images"], batch["labels"], batch["imgBox"]
        config, behavior = self.config, self.config["behavior"]
        thresholds = {"low": config["low"], "high": config["high"]}
        cam, cam_aux = self.multi_scale_cams(images, main)
        region = targets.region_mask(cam_aux, labels, **thresholds)
        crops = config["localCrops"]
        if "cropOrigins" in batch:
            origins = batch["cropOrigins"]
        else:
            sizes = {"size": crops["size"], "count": crops["count"]}
            origins = targets.draw_crops(region, box, batch["cropNoise"], behavior=behavior, **sizes)
        token_label = targets.token_labels(
            cam_aux, labels, box, grid=self.grid(images), behavior=behavior, **thresholds
        )
        refine = targets.refined_labels_per_image if self.original else targets.refined_labels_together
        return {
            "affinity": targets.affinity(token_label),
            "flags": targets.crop_flags(
                region, origins, box, size=crops["size"], threshold=crops["threshold"], behavior=behavior
            ),
            "crops": targets.cut_crops(batch["localSource"], origins, crops["size"]),
            "labels": refine(cam, labels, images, box, behavior=behavior, **thresholds),
        }

    def loss_terms(self, batch):
        """The weighted sum, and each term."""
        network, config = self.network, self.config
        images, labels = batch["images"], batch["labels"]
        grid = self.grid(images)

        if self.original:
            computed = self.compute_targets(batch)
        with self.amp():
            cls_token, patch_tokens, aux_tokens = network.encoder(images)
            logits = network.classify(network.classifier, patch_tokens)
            aux_logits = network.classify(network.aux_classifier, aux_tokens)
            coarse = network.segment(patch_tokens, grid)
        if not self.original:
            with torch.inference_mode(), self.amp():
                main = network.raw_cams(patch_tokens, aux_tokens, grid)
            computed = self.compute_targets(batch, main)
        # Tensors of inference mode can't take part in a backward pass; the copies are small.
        aims = {key: value.clone() for key, value in computed.items()}
        del computed

        if self.original:
            views = torch.cat([images, batch["globalView"]])
            with self.amp():
                global_tokens = network.encoder(views)[0]
        else:
            with self.amp():
                second_token = network.encoder(batch["globalView"])[0]
            global_tokens = torch.cat([cls_token, second_token])
        with self.amp():
            local_tokens = network.encoder(aims["crops"])[0]
            student = network.proj_head(torch.cat([global_tokens, local_tokens]))
        with torch.no_grad(), self.amp():
            taught = network.encoder(views)[0] if self.original else global_tokens.detach()
            teacher = network.proj_head_t(taught)

        full = targets.resize(coarse.float(), images.shape[2:])
        seg_loss = losses.seg_loss_twice if self.original else losses.seg_loss_once
        terms = {
            "cls": losses.cls_loss(logits, labels),
            "clsAux": losses.cls_loss(aux_logits, labels),
            "ptc": losses.ptc_loss(patch_tokens, aims["affinity"]),
            "ctc": losses.ctc_loss(student, teacher, aims["flags"], config["temperature"]),
            "seg": seg_loss(full, aims["labels"]),
            "reg": losses.reg_loss(
                full,
                aims["labels"],
                images,
                batch["imgBox"],
                sigma_xy=config["sigmaXy"],
                sigma_rgb=config["sigmaRgb"],
                scale=config["regScale"],
            ),
        }
        weights = batch["weights"] if "weights" in batch else config["weights"]
        # A loss whose weight is 0 is finite and so does not enter.
        return sum(weights[term] * value for term, value in terms.items()), terms

    def step(self, batch):
        self.network.update_teacher(self.config["momentum"])
        loss, terms = self.compute_losses(batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        settings = self.config["optimizer"]
        lr = learning_rate(self.t, settings)
        for group, scale in zip(self.optimizer.param_groups, (1, settings["headLrScale"])):
            group["lr"] = lr * scale
        self.optimizer.step()
        self.t += 1
        return {"loss": loss.item(), **{term: value.item() for term, value in terms.items()}}


class Losses(torch.nn.Module):
    """The losses as one module: what DistributedDataParallel wraps, since it counts on one forward pass per iteration."""

    def __init__(self, iteration):
        super().__init__()
        self.network = iteration.network
        self.loss_terms = iteration.loss_terms

    def forward(self, batch):
        return self.loss_terms(batch)


def nchw(images):
    return images.permute(0, 3, 1, 2).contiguous()
