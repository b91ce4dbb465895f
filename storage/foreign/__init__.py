"""What other programs keep, read as it lies there and never written."""
