"""Checks of what clients would notice: health checks, proxy, rate limits, stop signals."""
