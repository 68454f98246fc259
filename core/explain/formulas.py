"""From a layer's activations and gradients to maps: each paper's formula, for a whole batch on its device.

Activations A and gradients G = dy/dA are (B, C, h, w); y is the target's score, a class's logit or a difference of two.
A function of `WEIGHTS` gives what A is multiplied by before channels are summed, (B, C, 1, 1) or (B, C, h, w); those of
`PROJECTIONS` give (B, h, w) themselves. They equal pytorch-grad-cam's, which computes most of them image by image in
NumPy. Imports torch: for worker processes only.
"""

from __future__ import annotations

import torch

from core.errors import GapwiseError

_PLACES = (2, 3)
MOST_KERNEL_CELLS = 4096  # KPCA holds all cells against all, in float64: 128 MiB a picture
_FLAT = 1e-6  # of the largest value: less than that between the highest and the lowest cell is rounding


def gradcam(_a: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
    """Mean gradient of each channel: Selvaraju et al. 2017, equation 1."""
    return g.mean(_PLACES, keepdim=True)


def hirescam(_a: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
    """Gradient of each cell: Draelos and Carin 2020. Exact where what follows the layer is linear."""
    return g


def elementwise(a: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
    """Gradient of each cell where it and the activation push the same way: pytorch-grad-cam's own."""
    return g * (g * a > 0)


def gradcam_plus_plus(a: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
    """Chattopadhay et al. 2018, equation 19, and the ReLU of equation 7."""
    squared = g**2
    total = a.sum(_PLACES, keepdim=True)
    alpha = squared / (2 * squared + total * squared * g + 1e-6)
    return (g.clamp(min=0) * alpha).sum(_PLACES, keepdim=True)


def xgradcam(a: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
    """Gradients averaged by each cell's share of its channel's activation: Fu et al. 2020, equation 8."""
    return (g * a / (a.sum(_PLACES, keepdim=True) + 1e-7)).sum(_PLACES, keepdim=True)


def second_order(g: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
    """Return the gradient less half of the Hessian times the activations, (B, C, h, w): ShapleyCAM, Cai 2025.

    Args:
        g: With a graph that leads to the activations.
    """
    if not g.requires_grad:
        return g  # what follows the layer is linear
    (curved,) = torch.autograd.grad(g, a, grad_outputs=a.detach(), allow_unused=True)
    return g.detach() if curved is None else g.detach() - 0.5 * curved


def layercam(_a: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
    """Positive gradient of each cell: Jiang et al. 2021, equation 4."""
    return g.clamp(min=0)


def fem(a: torch.Tensor, _g: torch.Tensor | None) -> torch.Tensor:
    """Share of a channel's cells that stand out by two standard deviations: Fuad et al. 2020."""
    limit = a.mean(_PLACES, keepdim=True) + 2 * a.std(_PLACES, correction=0, keepdim=True)
    return (a > limit).float().mean(_PLACES, keepdim=True)


def eigencam(a: torch.Tensor, _g: torch.Tensor | None) -> torch.Tensor:
    """First principal component of the activations: Muhammad and Yeasin 2020."""
    return projection(a)


def eigengradcam(a: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
    """First principal component of activations times gradients."""
    return projection(a * g)


def kpcacam(a: torch.Tensor, _g: torch.Tensor | None) -> torch.Tensor:
    """First kernel principal component of the activations, sigmoid kernel: Karmani et al. 2024.

    As scikit-learn's KernelPCA with gamma 1/C and offset 1, which the library calls for each image.

    Raises:
        GapwiseError: If the layer has more cells than can be held against each other.
    """
    b, c, h, w = a.shape
    if h * w > MOST_KERNEL_CELLS:
        raise GapwiseError(
            f"KPCA-CAM holds every cell against every other: {h} x {w} cells are too many, {MOST_KERNEL_CELLS} the"
            " most. Take a deeper layer."
        )
    rows = _centred(a)  # (B, h*w, C)
    kernel = torch.tanh(rows @ rows.mT / c + 1)
    kernel = kernel - kernel.mean(1, keepdim=True)
    kernel = kernel - kernel.mean(2, keepdim=True)
    values, vectors = torch.linalg.eigh(kernel)
    first = vectors[:, :, -1] * values[:, -1:].clamp(min=0).sqrt()
    return _strongest_up(first).reshape(b, h, w).to(a.dtype)


WEIGHTS = {
    "gradcam": gradcam, "hirescam": hirescam, "elementwise": elementwise, "gradcam++": gradcam_plus_plus,
    "xgradcam": xgradcam, "layercam": layercam, "fem": fem, "finercam": gradcam,
}  # fmt: skip
PROJECTIONS = {"eigencam": eigencam, "eigengradcam": eigengradcam, "kpcacam": kpcacam}


def summed(weights: torch.Tensor, a: torch.Tensor, eigen: bool) -> torch.Tensor:
    """Return (B, h, w): weighted activations, summed over channels, or their first principal component."""
    weighted = weights * a
    return projection(weighted) if eigen else weighted.sum(1)


def projection(x: torch.Tensor) -> torch.Tensor:
    """Return each picture's cells along the first principal component of its channels, (B, C, h, w) to (B, h, w).

    The library takes it from a whole singular value decomposition for each image, in whose sign there is no meaning:
    it may show the reverse of what stands out. Here the strongest cell counts as positive (Chung and Ying 2025,
    equation 13), and only the smaller of the two products of the matrix with itself is decomposed.
    """
    b, c, h, w = x.shape
    rows = _centred(x)  # (B, h*w, C)
    if h * w <= c:
        values, vectors = torch.linalg.eigh(rows @ rows.mT)
        along = vectors[:, :, -1] * values[:, -1:].clamp(min=0).sqrt()
    else:
        vectors = torch.linalg.eigh(rows.mT @ rows).eigenvectors
        along = (rows @ vectors[:, :, -1:]).squeeze(2)
    return _strongest_up(along).reshape(b, h, w).to(x.dtype)


def scaled(cam: torch.Tensor) -> torch.Tensor:
    """Return maps (B, h, w) within 0..1: negative evidence is 0, then each map's lowest cell 0 and its highest 1.

    A map whose cells are all the same says nothing and is 0 everywhere, and so is one without positive evidence.
    """
    cam = torch.nan_to_num(cam, nan=0.0, posinf=0.0, neginf=0.0)
    size = cam.abs().amax((1, 2), keepdim=True)
    cam = cam.clamp(min=0)
    cam = cam - cam.amin((1, 2), keepdim=True)
    top = cam.amax((1, 2), keepdim=True)
    return torch.where(top > _FLAT * size, cam / top.clamp(min=torch.finfo(cam.dtype).tiny), 0.0)


def _centred(x: torch.Tensor) -> torch.Tensor:
    """Return (B, h*w, C) with each channel's mean taken off, in float64 where the device has it.

    Products of a matrix with itself lose half of the digits.
    """
    rows = x.detach().flatten(2).mT
    rows = rows if rows.device.type == "mps" else rows.double()
    return rows - rows.mean(1, keepdim=True)


def _strongest_up(along: torch.Tensor) -> torch.Tensor:
    """Turn each row (B, N) so that its largest entry in size is positive."""
    place = along.abs().argmax(1, keepdim=True)
    return along * torch.where(along.gather(1, place) < 0, -1.0, 1.0)
