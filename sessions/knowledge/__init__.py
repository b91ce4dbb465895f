"""What a workspace knows beyond its sessions: documents, and how they are searched."""
