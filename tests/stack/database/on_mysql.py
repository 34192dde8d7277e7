"""Run a test of the fixture `access` on MySQL 8.0 as well, in `make torture`."""

import pytest

on_mysql_too = pytest.mark.parametrize(
    "access", ["stable", pytest.param("mysql-8", marks=pytest.mark.torture)], indirect=True
)
