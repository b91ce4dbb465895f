"""The core on in-memory parts."""
