"""What differs between the servers of MariaDB and MySQL: queries, statements and privileges."""

from __future__ import annotations

from cosmicdeploy.database.vendors.mariadb import MARIADB
from cosmicdeploy.database.vendors.mysql import MYSQL
from cosmicdeploy.database.vendors.vendor import Vendor

__all__ = ["MARIADB", "MYSQL", "Vendor", "vendor_of"]


def vendor_of(version: str) -> Vendor:
    """Return the vendor of a server, by the version that the server reports."""
    return MARIADB if "mariadb" in version.lower() else MYSQL
