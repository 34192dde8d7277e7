"""The sections of `cosmicdeploy.yaml`, and what they share."""
