"""The hot path of every store beside a plain model of what the contract says."""
