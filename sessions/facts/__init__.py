"""Facts: what is remembered of people and workspaces, how it comes into prompts, and who may see it."""
