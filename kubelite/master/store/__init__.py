"""Where objects live: revisions, history, watchers. Knows keys and trees, not what kinds mean."""
