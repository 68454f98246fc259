"""The ways to make an activation map, by name. No torch: pages and the command line read this table."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import GapwiseError

# How a map is smoothed: not; mean over six copies of the picture (mirrored, three brightnesses); the first principal
# component of the weighted channels instead of their sum; both.
SMOOTHINGS = ("none", "aug", "eigen", "both")
AUGMENTED = 6  # passes instead of one
ONE, FORWARD, EACH = "one forward and backward pass", "one forward pass", "a forward pass for each channel"


@dataclass(frozen=True)
class Method:
    """One way to make a map.

    Attributes:
        source: Who described it, and when.
        passes: What it costs, in words.
        slow: A forward pass for each of the layer's channels: hundreds for one map.
        gradients: Hangs on the target through gradients.
        targeted: Says something about the target; the others show what stands out to the layer, whatever the class.
        eigen: Eigen smoothing changes it; the others have no weighted channels, or are principal components already.
        layer: Reads the chosen layer; FullGrad reads all of them, and takes from it only the map's size.
    """

    name: str
    title: str
    source: str
    passes: str = ONE
    slow: bool = False
    gradients: bool = True
    targeted: bool = True
    eigen: bool = True
    layer: bool = True


_ALL = (
    Method("gradcam", "Grad-CAM", "Selvaraju et al. 2017"),
    Method("hirescam", "HiResCAM", "Draelos and Carin 2020"),
    Method("elementwise", "Grad-CAM, element by element", "Jacob Gildenblat's pytorch-grad-cam, 2021"),
    Method("gradcam++", "Grad-CAM++", "Chattopadhay et al. 2018"),
    Method("xgradcam", "XGrad-CAM", "Fu et al. 2020"),
    Method("ablationcam", "Ablation-CAM", "Desai and Ramaswamy 2020", EACH, slow=True, gradients=False),
    Method("scorecam", "Score-CAM", "Wang et al. 2020", EACH, slow=True, gradients=False),
    Method("layercam", "LayerCAM", "Jiang et al. 2021"),
    Method("eigencam", "Eigen-CAM", "Muhammad and Yeasin 2020", FORWARD, gradients=False, targeted=False, eigen=False),
    Method("eigengradcam", "Eigen-CAM of activations times gradients", "pytorch-grad-cam, 2021", eigen=False),
    Method("fullgrad", "FullGrad", "Srinivas and Fleuret 2019", eigen=False, layer=False),
    Method("kpcacam", "KPCA-CAM", "Karmani et al. 2024", FORWARD, gradients=False, targeted=False, eigen=False),
    Method("fem", "FEM", "Fuad et al. 2020", FORWARD, gradients=False, targeted=False),
    Method("shapleycam", "ShapleyCAM", "Cai 2025", "one forward and two backward passes"),
    Method("finercam", "Finer-CAM", "Zhang et al. 2025"),
    Method("randomcam", "Random weights, to compare with", "pytorch-grad-cam, 2021", FORWARD, gradients=False,
           targeted=False),
)  # fmt: skip
METHODS: dict[str, Method] = {m.name: m for m in _ALL}


def check_method(name: str, smooth: str = "none") -> Method:
    """Return the method of that name.

    Raises:
        GapwiseError: If there is no such method or smoothing.
    """
    if name not in METHODS:
        raise GapwiseError(f"There is no way to make maps called {name!r}. There are {', '.join(METHODS)}.")
    if smooth not in SMOOTHINGS:
        raise GapwiseError(f"There is no smoothing called {smooth!r}. There are {', '.join(SMOOTHINGS)}.")
    return METHODS[name]
