"""Which devices fell silent, and what becomes of them."""
