"""The HTTP side: routes, answers, health."""
