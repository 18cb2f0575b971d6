"""转学: the old school asks, the county rules and moves the file, the new school receives the child (sync §8)."""
