"""Column types with values: numbers, texts in many character sets, times, places and more."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from tests.stack.database.generated.flavour import Flavour, hexed

TEXTS = (
    *(
        "",
        "a",
        "A",
        "it's",
        '"x"',
        "a\\b",
        "\\",
        "%s",
        "100%",
        "`x`",
        "a;b",
        ";;",
        "-- x",
        "/* x */",
    ),
    *("a\nb", "a\r\nb", "\r", "\t", "\0", "a\0b", "\x1a", "\x1b[31m", " x ", "x ", "NULL", "\x7f"),
    *(
        "ü",
        "ß",
        "é",
        "e\u0301",
        "日本",
        "ｱ～",
        "―∥－",
        "😀 🇨🇭",
        "\ufeffx",
        "\u2028",
        "[red]x[/]",
        "');",
    ),
)
# Character set → one of its collations, mostly not the default one.
CHARSETS = {
    "utf8mb4": "utf8mb4_bin",
    "utf8mb3": "utf8mb3_unicode_ci",
    "latin1": "latin1_german1_ci",
    "ascii": "ascii_bin",
    "ucs2": "ucs2_unicode_ci",
    "utf16": "utf16_bin",
    "utf16le": "utf16le_bin",
    "utf32": "utf32_general_ci",
    "cp1251": "cp1251_bin",
    "cp932": "cp932_bin",
    "sjis": "sjis_bin",
    "eucjpms": "eucjpms_bin",
    "ujis": "ujis_bin",
    "gbk": "gbk_bin",
    "big5": "big5_bin",
    "euckr": "euckr_bin",
    "koi8r": "koi8r_bin",
    "hebrew": "hebrew_bin",
    "swe7": "swe7_bin",
    "binary": "binary",
}
# Bytes of texts that other tools change.
RAW_BYTES = {
    "cp932": ("815F", "8160", "817C", "FA54", "ED40", "EEFC"),
    "sjis": ("815F", "8160", "5C", "7E"),
    "eucjpms": ("A1C0", "A1C1", "ADB5"),
    "gbk": ("A1AA", "A2E3"),
    "big5": ("A145", "A15C", "C6A1"),
    "latin1": ("81", "8D", "80", "FC"),
    "euckr": ("A1AD", "A2E6"),
    "ucs2": ("D83D", "FFFF"),
    "swe7": ("5B", "7B"),
}
VENDOR_COLLATIONS = {
    "MariaDB": ("utf8mb4_uca1400_ai_ci", "utf8mb4_nopad_bin", "utf8mb4_unicode_520_ci"),
    "MySQL": ("utf8mb4_0900_ai_ci", "utf8mb4_0900_as_cs", "utf8mb4_ja_0900_as_cs"),
}
SPATIAL = ("POINT", "LINESTRING", "POLYGON", "GEOMETRY")
PLACES = {
    "POINT": ("POINT(1 2)", "POINT(0 0)", "POINT(-7.25 89.5)"),
    "LINESTRING": ("LINESTRING(0 0,1 1,2 5)",),
    "POLYGON": ("POLYGON((0 0,0 1,1 1,0 0))",),
}


@dataclass(frozen=True, kw_only=True)
class ColumnType:
    """A type, and values for it as SQL expressions.

    `key` says how a key may use the column: "whole", "prefix" (only its first characters),
    "spatial" or "" (not at all). `allows_fulltext` is whether a FULLTEXT key may include the
    column. `needs_expression` is whether a default of the column must be written as an expression.
    """

    sql: str
    values: tuple[str, ...]
    key: str = "whole"
    allows_fulltext: bool = False
    needs_expression: bool = False

    @property
    def feature(self) -> str:
        return self.sql.split("(")[0].split(" ")[0].lower()


@st.composite
def integers(draw: DrawFn) -> ColumnType:
    word, bits = draw(
        st.sampled_from(
            [("TINYINT", 8), ("SMALLINT", 16), ("MEDIUMINT", 24), ("INT", 32), ("BIGINT", 64)]
        )
    )
    unsigned = draw(st.booleans())
    low, high = (0, 2**bits - 1) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    sql = word + ("(5)" if draw(st.integers(0, 5)) == 5 else "") + (" UNSIGNED" if unsigned else "")
    if unsigned and draw(st.integers(0, 5)) == 5:
        sql += " ZEROFILL"
    return ColumnType(sql=sql, values=(str(low), str(high), "0", "1", "7"))


@st.composite
def numbers(draw: DrawFn) -> ColumnType:
    kind = draw(st.sampled_from(["DECIMAL", "DOUBLE", "FLOAT", "BIT", "BOOLEAN"]))
    if kind == "DECIMAL":
        scale = draw(st.integers(0, 30))
        whole = draw(st.integers(max(0, 1 - scale), 35))
        nines = f"{'9' * whole or '0'}.{'9' * scale or '0'}"
        return ColumnType(sql=f"DECIMAL({whole + scale},{scale})", values=(nines, f"-{nines}", "0"))
    if kind == "BIT":
        bits = draw(st.integers(1, 64))
        return ColumnType(sql=f"BIT({bits})", values=(f"b'{'1' * bits}'", "0", "1"))
    values = {
        "DOUBLE": ("1.7976931348623157e308", "2.2250738585072014e-308", "0.1", "-0.0", "1e16"),
        # A FLOAT sometimes gets 1.234567, which a dump would round.
        "FLOAT": (
            "0.5",
            "3.40282e38",
            "-1.17549e-38",
            *draw(st.sampled_from([()] * 9 + [("1.234567",)])),
        ),
        "BOOLEAN": ("TRUE", "FALSE"),
    }
    return ColumnType(sql=kind, values=values[kind])


@st.composite
def texts(draw: DrawFn, flavour: Flavour) -> ColumnType:
    kind = draw(
        st.sampled_from(
            ["CHAR", "VARCHAR", "VARCHAR", "TINYTEXT", "TEXT", "MEDIUMTEXT", "LONGTEXT"]
        )
    )
    has_length = kind.endswith("CHAR")
    sql = f"{kind}({draw(st.integers(5, 60))})" if has_length else kind
    charset = draw(st.sampled_from(["", "", "utf8mb4", "utf8mb4", *CHARSETS]))
    if charset:
        own = [f"{CHARSETS[charset]}"] if charset != "binary" else []
        vendor = VENDOR_COLLATIONS[flavour.vendor] if charset == "utf8mb4" else ()
        collation = draw(st.sampled_from(["", *own, *vendor]))
        sql += f" CHARACTER SET {charset}" + (f" COLLATE {collation}" if collation else "")
    values = [
        hexed(each) for each in draw(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=4))
    ]
    values += [f"_{charset} X'{raw}'" for raw in RAW_BYTES.get(charset, ())]
    if not has_length and draw(st.integers(0, 9)) == 9:
        values.append(
            f"REPEAT({hexed('long ')}, 40)"
            if kind == "TINYTEXT"
            else f"REPEAT({hexed('ü;')}, 9000)"
        )
    return ColumnType(
        sql=sql,
        values=tuple(values),
        key="whole" if has_length else "prefix",
        allows_fulltext=charset in ("", "utf8mb4", "latin1"),
        needs_expression=not has_length,
    )


@st.composite
def binaries(draw: DrawFn) -> ColumnType:
    kind = draw(
        st.sampled_from(["BINARY", "VARBINARY", "TINYBLOB", "BLOB", "MEDIUMBLOB", "LONGBLOB"])
    )
    sizes = kind.endswith("BINARY")
    values = [
        f"X'{each.hex()}'" for each in draw(st.lists(st.binary(max_size=8), min_size=1, max_size=3))
    ]
    values.append("X'0D0A3B1A27225C2D2D0A00FF'")
    return ColumnType(
        sql=f"{kind}({draw(st.integers(12, 40))})" if sizes else kind,
        values=tuple(values),
        key="whole" if sizes else "prefix",
        needs_expression=not sizes,
    )


@st.composite
def times(draw: DrawFn) -> ColumnType:
    kind = draw(st.sampled_from(["DATE", "DATETIME", "TIMESTAMP", "TIME", "YEAR"]))
    digits = (
        draw(st.sampled_from(["", "(3)", "(6)"]))
        if kind in ("DATETIME", "TIMESTAMP", "TIME")
        else ""
    )
    values = {
        "DATE": ("'2024-02-29'", "'9999-12-31'", "'1000-01-01'", "'0000-00-00'", "'2026-00-10'"),
        "DATETIME": ("'2026-03-29 02:30:00'", "'9999-12-31 23:59:59'", "'0000-00-00 00:00:00'"),
        "TIMESTAMP": ("'2026-10-25 00:30:00'", "'1970-01-02 00:00:01'", "'2038-01-18 03:14:07'"),
        "TIME": ("'-838:59:59'", "'838:59:59'", "'00:00:00.5'"),
        "YEAR": ("0", "1901", "2155"),
    }
    return ColumnType(sql=kind + digits, values=values[kind])


@st.composite
def choices(draw: DrawFn) -> ColumnType:
    """Return an ENUM or a SET."""
    words = draw(
        st.lists(
            st.sampled_from(["a", "B c", "it''s", "ü", '"x"', "%s", "日", ";;"]),
            min_size=1,
            max_size=4,
            unique=True,
        )
    )
    values = [f"'{word}'" for word in words]
    kind = draw(st.sampled_from(["ENUM", "SET"]))
    return ColumnType(
        sql=f"{kind}({','.join(values)})", values=(*values, *(["''"] if kind == "SET" else []))
    )


DOCUMENT = ColumnType(
    sql="JSON",
    values=('\'{"a": [1, null, "ü"]}\'', "'[]'", '\'{"b": 1e3, "a": true}\'', "'\"x\"'"),
    key="",
    needs_expression=True,
)


@st.composite
def places(draw: DrawFn, flavour: Flavour) -> ColumnType:
    kind = draw(st.sampled_from(SPATIAL))
    srid = draw(st.sampled_from([None, 0, 4326]))
    sql = kind
    if srid is not None:
        sql += f" REF_SYSTEM_ID={srid}" if flavour.is_mariadb else f" SRID {srid}"
    shapes = PLACES.get(kind, tuple(shape for each in PLACES.values() for shape in each))
    values = tuple(f"ST_GeomFromText('{each}', {srid or 0})" for each in shapes)
    return ColumnType(sql=sql, values=values, key="spatial", needs_expression=True)


def own_types(flavour: Flavour) -> list[ColumnType]:
    """Return the types that only some servers have."""
    if flavour.is_mariadb:
        own = [
            ColumnType(sql="UUID", values=("'123e4567-e89b-12d3-a456-426655440000'", "UUID()")),
            ColumnType(sql="INET6", values=("'::ffff:192.0.2.1'", "'fe80::1'")),
            ColumnType(sql="INET4", values=("'10.0.0.1'", "'255.255.255.255'")),
            ColumnType(
                sql="TEXT COMPRESSED",
                values=("'x'", "REPEAT('x', 500)"),
                key="",
                needs_expression=True,
            ),
        ]
        vector = ColumnType(
            sql="VECTOR(2)", values=("VEC_FromText('[1,-2.5]')",), key="", needs_expression=True
        )
    else:
        own = []
        vector = ColumnType(
            sql="VECTOR(2)", values=("STRING_TO_VECTOR('[1,-2.5]')",), key="", needs_expression=True
        )
    return [*own, *([vector] if flavour.is_newest else [])]


def column_types(flavour: Flavour) -> SearchStrategy[ColumnType]:
    """Return a strategy for all types of a server."""
    own = own_types(flavour)
    return st.one_of(
        *(integers(), integers(), numbers(), texts(flavour), texts(flavour), texts(flavour)),
        *(binaries(), times(), times(), choices(), st.just(DOCUMENT), places(flavour)),
        *([st.sampled_from(own)] if own else []),
    )
