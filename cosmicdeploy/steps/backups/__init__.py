"""Steps on backups: back up, load, restore, prune, and the images of a backup."""
