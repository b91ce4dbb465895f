"""The store for several processes, on Redis 6.2 or newer: one server, Sentinel or Cluster."""
