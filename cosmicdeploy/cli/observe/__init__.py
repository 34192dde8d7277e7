"""Commands that read the stack: status, verify, logs, monitor, checklist, diagnose."""
