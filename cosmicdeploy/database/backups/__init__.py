"""The catalogue of backups: manifests, archives, states, retention."""
