"""What a training leaves: the run directory, its weights, checkpoints and records, and readers that refuse damage."""
