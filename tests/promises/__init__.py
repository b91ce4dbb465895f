"""The promises of docs/promises.md, on real processes."""
