"""What a developer runs: set-up, checks, builds, pictures and the making of the font files."""
