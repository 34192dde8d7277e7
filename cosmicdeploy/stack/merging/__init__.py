"""Let Compose itself resolve several files, `include`, `extends`, `!reset` and `!override`."""
