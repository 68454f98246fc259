"""What the network looked at: activation maps, and how they are laid over pictures."""
