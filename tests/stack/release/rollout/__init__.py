"""The rollout of a release: its pace, the proxy, and the requests that prove it."""
