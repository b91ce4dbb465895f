"""The real Redis servers and the proxy that the tests use."""
