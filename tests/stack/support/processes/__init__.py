"""Run the deployer and other programs in processes and threads, and kill them."""
