"""Tests of HAProxy's configuration and runtime socket."""
