"""The heartbeat service and monitor for kiosk devices."""
