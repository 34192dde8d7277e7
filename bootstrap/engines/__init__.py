"""Docker Engines of other versions, from Debian's packages, for tests.

Each engine is unpacked into a root file system of its own, and runs in its own network and mount
namespaces. It therefore touches neither this machine's engine nor its firewall, and its mounts end
with it. A command that starts with the words of `RunningEngine.enter` reaches the ports that the
engine's containers publish.
"""
