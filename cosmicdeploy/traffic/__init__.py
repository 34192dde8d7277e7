"""Responses that clients get during a change, their statistics, and the maintenance window."""
