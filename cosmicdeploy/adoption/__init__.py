"""Write `cosmicdeploy.yaml` for a stack that exists already.

`reading/` collects what can be seen: the compose files as written, Dockerfiles, configuration of
proxies, source files, and what the engine has. `recognition/` derives facts from that, each with
its evidence. `writing/` turns the facts into commented YAML. Nothing but the new file is changed.
"""
