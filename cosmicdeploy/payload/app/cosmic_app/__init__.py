"""The heartbeat service for kiosk devices, its scheduler and its queue worker.

A heartbeat, or beat, is a request by which a device says that it runs.
"""
