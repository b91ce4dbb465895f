"""A conversation on emulated platforms, with a crash in the middle: `make demo`."""
