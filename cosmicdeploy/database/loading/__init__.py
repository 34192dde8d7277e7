"""Run the statements of a dump: route them, load rows in parallel, defer what must wait."""
