"""Commands that only look: status, verify, logs, monitor, checklist, diagnose."""
