"""Training: one task per way of optimising, run directories, time budgets."""
