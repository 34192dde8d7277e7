"""Commands that change what runs: deploy, rollback, restart, playbooks."""
