"""Documents that answers draw on: read, divided into passages, found again, and cited."""
