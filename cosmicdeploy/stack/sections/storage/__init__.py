"""Read what a container stores, and the secrets and configs that it gets."""
