"""What is remembered beyond sessions."""
