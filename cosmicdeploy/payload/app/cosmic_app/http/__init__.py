"""The web application: routes, responses, health."""
