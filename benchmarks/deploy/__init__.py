"""Five ways to deploy the same stack under the same load: `python -m benchmarks.deploy`."""
