"""Chat adapters: each turns platform events into Inbounds and shows Replies."""
