"""The files of a run: directory, weights, checkpoints and records, with readers that reject damaged files."""
