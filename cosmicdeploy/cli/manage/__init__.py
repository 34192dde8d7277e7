"""Commands around the stack: init, exec, features, migrations, the lock."""
