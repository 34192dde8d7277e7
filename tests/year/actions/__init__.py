"""What the operator does in a scenario: releases, changes, rollbacks, and what interrupts them."""
