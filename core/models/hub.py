"""What is said when the hub can't be reached; apart from `weights`, so that a page can know it without torch."""

UNREACHABLE = "The hub with the pretrained weights can't be reached"
