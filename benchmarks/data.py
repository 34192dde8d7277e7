"""The data of the backup benchmark: a fleet of devices with one large history table.

The server generates the rows: ids, timestamps, short texts, JSON, and tokens that hardly compress.
The tables have secondary indexes, since these make a restore slow.
"""

from __future__ import annotations

from collections.abc import Iterator

TABLES = """
CREATE TABLE sites (
  id INT UNSIGNED PRIMARY KEY AUTO_INCREMENT, name VARCHAR(120) NOT NULL, city VARCHAR(80) NOT NULL,
  created_at TIMESTAMP NULL, KEY sites_name (name));
CREATE TABLE devices (
  id INT UNSIGNED PRIMARY KEY AUTO_INCREMENT, site_id INT UNSIGNED NOT NULL,
  name VARCHAR(120) NOT NULL, token CHAR(64) NOT NULL, status VARCHAR(20) NOT NULL,
  battery TINYINT NULL, last_heartbeat_at TIMESTAMP NULL, facts JSON NULL,
  UNIQUE KEY devices_token (token), KEY devices_seen (status, last_heartbeat_at),
  CONSTRAINT devices_site FOREIGN KEY (site_id) REFERENCES sites (id));
CREATE TABLE history (
  id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, device_id INT UNSIGNED NOT NULL,
  old_status VARCHAR(20) NOT NULL, new_status VARCHAR(20) NOT NULL, battery TINYINT NULL,
  at TIMESTAMP NOT NULL, message VARCHAR(200) NOT NULL, detail JSON NULL,
  KEY history_device (device_id, at), KEY history_at (at));
CREATE TABLE jobs (
  id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, queue VARCHAR(40) NOT NULL,
  payload LONGTEXT NOT NULL,
  attempts TINYINT UNSIGNED NOT NULL, available_at INT UNSIGNED NOT NULL,
  KEY jobs_queue (queue, available_at));
CREATE TABLE media (
  id INT UNSIGNED PRIMARY KEY AUTO_INCREMENT, title VARCHAR(160) NOT NULL, body TEXT NOT NULL,
  checksum CHAR(64) NOT NULL, updated_at TIMESTAMP NULL, KEY media_checksum (checksum))
"""

STATUS = "ELT(1 + n MOD 3, 'Connected', 'Temporarily Offline', 'Disconnected')"
WHEN = "TIMESTAMP('2026-01-01') + INTERVAL n * 7 MOD 20000000 SECOND"

# For each table, the SELECT that generates its rows from the numbers `n`.
SELECTS = {
    "sites": f"SELECT n, CONCAT('Site ', n, ' · Zürich'), ELT(1 + n MOD 4, 'Bern', 'Köln', 'Wien',"
    f" 'Graz'), {WHEN}",
    "devices": f"SELECT n, 1 + n MOD 1000, CONCAT('KIOSK-', n), SHA2(CONCAT('device', n), 256),"
    f" {STATUS}, n MOD 101, {WHEN}, JSON_OBJECT('model', CONCAT('K', n MOD 7), 'os', '12.4',"
    " 'uptime', n * 13 MOD 100000, 'wifi', JSON_ARRAY(n MOD 90, 'dBm'))",
    "history": f"SELECT n, 1 + n * 7919 MOD 50000, {STATUS}, ELT(1 + n MOD 2, 'Connected',"
    f" 'Disconnected'), n MOD 101, {WHEN}, CONCAT('heartbeat ', IF(n MOD 5, 'seen by the'"
    " , 'not seen for 3 minutes, it''s the'), ' monitor, round ', n DIV 50000), JSON_OBJECT("
    "'request', LEFT(MD5(n), 12), 'latency_ms', n * 31 MOD 997, 'address', CONCAT('10.0.',"
    " n MOD 250, '.', n * 3 MOD 250), 'version', '2.4.1')",
    "jobs": "SELECT n, ELT(1 + n MOD 2, 'default', 'notifications'), CONCAT('{\"uuid\":\"', MD5(n),"
    ' \'","job":"App\\\\\\\\Jobs\\\\\\\\Notify","data":"\', REPEAT(\'line one\\nline; two \', 6),'
    " '\"}'), n MOD 3, 1700000000 + n",
    "media": "SELECT n, CONCAT('Clip ', n), REPEAT(CONCAT('<p>Text ', n, ' of it</p>\\n'), 14)"
    f", SHA2(CONCAT('media', n), 256), {WHEN}",
}
# Rows per gigabyte of dump; about four fifths of the bytes are in `history`. The number of sites is
# the same for every size.
ROWS_PER_GIGABYTE = {
    "sites": 1_000,
    "devices": 300_000,
    "history": 3_400_000,
    "jobs": 400_000,
    "media": 120_000,
}
ROWS_PER_INSERT = 200_000


# A table of an application, without rows: keys, a foreign key, a check and a generated column.
APPLICATION_TABLE = """
CREATE TABLE application_{number} (
  id BIGINT UNSIGNED PRIMARY KEY AUTO_INCREMENT, parent_id BIGINT UNSIGNED NULL,
  name VARCHAR(191) NOT NULL, state ENUM('new', 'active', 'gone') NOT NULL DEFAULT 'new',
  price DECIMAL(10, 2) NOT NULL DEFAULT 0, gross DECIMAL(10, 2) AS (price * 1.19) STORED,
  settings JSON NULL, created_at TIMESTAMP NULL, updated_at TIMESTAMP NULL,
  UNIQUE KEY application_{number}_name (name), KEY application_{number}_state (state, created_at),
  CONSTRAINT application_{number}_parent FOREIGN KEY (parent_id)
    REFERENCES application_{parent} (id) ON DELETE CASCADE,
  CONSTRAINT application_{number}_price CHECK (price >= 0))
"""


def application_tables(count: int) -> Iterator[str]:
    """Yield the statements that create this many tables like those of an application."""
    for number in range(count):
        yield APPLICATION_TABLE.format(number=number, parent=max(number - 1, 0))


def statements(gigabytes: float) -> Iterator[str]:
    """Yield the statements that create and fill tables whose dump has about this size."""
    yield from TABLES.strip().split(";\n")
    for table, per_gigabyte in ROWS_PER_GIGABYTE.items():
        rows = per_gigabyte if table == "sites" else round(per_gigabyte * gigabytes)
        for start in range(0, rows, ROWS_PER_INSERT):
            end = min(start + ROWS_PER_INSERT, rows)
            numbers = f"(SELECT seq AS n FROM seq_{start + 1}_to_{end}) AS numbers"
            yield f"INSERT INTO {table} {SELECTS[table]} FROM {numbers}"
