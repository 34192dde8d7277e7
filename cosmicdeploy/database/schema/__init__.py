"""What a schema holds: tables, definitions, privileges, digests."""
