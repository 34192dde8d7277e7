"""Other Docker Engines than this machine's own, from the distribution's packages, to test on.

Each is unpacked into a root file system of its own and runs in its own network and mount namespace:
it touches neither the machine's engine nor its firewall, and everything it mounted goes with it.
A command that starts with `Engine.enter` reaches the ports that its containers publish.
"""
