"""Benchmarks: ratios measured in one run, beside a floor and peers. Nothing here is a timed test."""
