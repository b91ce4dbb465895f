"""Everything at once: replicas, connections and Redis masters die while people go on talking."""
