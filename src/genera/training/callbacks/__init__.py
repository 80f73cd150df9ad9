"""What a training does before and after its steps."""
