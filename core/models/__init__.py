"""The timm zoo, compound scaling and cost. Modules here import torch only inside functions or in worker processes."""
