"""The heartbeat service for kiosk devices, its scheduler and its queue worker.

A heartbeat, or beat, is a request with which a device reports that it is running.
"""
