"""What happens before and after the steps of a training."""
