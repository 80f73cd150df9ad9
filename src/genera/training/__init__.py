"""Training: tasks, callbacks, time budgets, exact resume."""
