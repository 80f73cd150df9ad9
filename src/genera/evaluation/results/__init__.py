"""What an evaluation returns, writes and shows."""
