"""Commands that change what runs: deploy, up, step, rollback, restart, playbook."""
