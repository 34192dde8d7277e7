"""Stacks of small replicas behind other load balancers than nginx."""
