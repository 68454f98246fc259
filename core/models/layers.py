"""Sums over the layers of a convolutional network: parameters, multiply-adds, and what a training keeps. No torch.

Activations are what automatic differentiation keeps of one picture until the backward pass, in numbers of four bytes,
with PyTorch's layers as timm uses them; the picture itself is not among them:

- a convolution's output, which its normalization keeps;
- a normalization's output, which the next layer keeps. SiLU and ReLU6 in place keep a copy of their input beside it;
  ReLU in place needs only its output;
- of a squeeze-excite: its pooled input, both sides of its activation, its gate, and the product;
- of a max pooling: its output, and the places of the maxima, which are numbers of eight bytes;
- the pooled features that the classifier works on.

What comes out of a skip connection is kept in place of the normalization's output that was added. A normalization's
mean and deviation are left out: they do not grow with the number of pictures.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Tally:
    """Sums over layers that are added one by one, in the order in which the network computes them.

    Attributes:
        activation: silu, relu or relu6; what follows a normalization.
        same: Whether pictures are padded as TensorFlow pads them: a padded copy is made before each convolution of
            stride 2, and kept in place of what was padded.
    """

    activation: str
    same: bool = False
    parameters: int = 0
    multiply_adds: int = 0
    activations: int = 0

    @property
    def copies(self) -> bool:
        """Whether the activation keeps a copy of its input."""
        return self.activation in ("silu", "relu6")

    def conv(self, before: int, after: int, kernel: int, side: int, stride: int = 1, groups: int = 1) -> int:
        """Add a convolution without bias; return the side of its output in pixels."""
        out = halved(side) if stride == 2 else side
        weights = kernel * kernel * (before // groups) * after
        self.parameters += weights
        self.multiply_adds += weights * out * out
        self.activations += after * out * out
        if self.same and stride == 2:
            padded = max((out - 1) * stride + kernel, side)
            self.activations += before * (padded * padded - side * side)
        return out

    def norm(self, channels: int, side: int, activated: bool = True, kept: bool = True) -> None:
        """Add a batch normalization, with the activation that follows it or without.

        Args:
            kept: Whether any layer that follows keeps what comes out.
        """
        self.parameters += 2 * channels
        inside = activated and self.copies
        self.activations += (inside + kept) * channels * side * side

    def excite(self, channels: int, squeezed: int, side: int) -> None:
        """Add a squeeze-excite, whose two convolutions have biases."""
        self.parameters += 2 * channels * squeezed + squeezed + channels
        self.multiply_adds += 2 * channels * squeezed
        self.activations += channels * side * side + 2 * channels + (1 + self.copies) * squeezed

    def pool(self, channels: int, side: int) -> int:
        """Add a max pooling of 3 x 3 and stride 2; return the side of its output in pixels."""
        out = halved(side)
        self.activations += 3 * channels * out * out
        return out

    def classify(self, features: int, classes: int) -> None:
        """Add mean pooling and a linear layer."""
        self.parameters += features * classes + classes
        self.multiply_adds += features * classes
        self.activations += features

    def add(self, other: Tally, times: int = 1) -> None:
        """Add another one's sums, so many times."""
        self.parameters += times * other.parameters
        self.multiply_adds += times * other.multiply_adds
        self.activations += times * other.activations


def halved(side: int) -> int:
    """Return a side after a stride of 2: odd kernels with their usual padding round up."""
    return -(-side // 2)
