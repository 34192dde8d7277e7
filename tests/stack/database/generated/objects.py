"""Views, routines, triggers and events, with unusual bodies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from tests.stack.database.generated.columns import ID, one_in
from tests.stack.database.generated.flavour import Flavour, Statement, identifier
from tests.stack.database.generated.names import Names
from tests.stack.database.generated.tables import SQL_MODES, Table
from tests.stack.stacks.databases import NAME

# Comments and statements that are added to a body. {live} is the name of the schema.
FILLING = (
    *(
        "",
        "/* ;; $$ */",
        "-- ;; it's\n",
        "# it's \"\n",
        "/* multi\r\nline */",
        "-- x\r\n",
        "\t",
        "/**/",
    ),
    *("SET @x = 'a;;b';", "SET @x = ';;\r\n;;';", "SET @x = '%s 100%';", "SET @x = 'ü日 ☃';"),
    *(
        "SET @x = 'it''s';",
        "SET @x = '😀';",
        "SET @x = '[/]';",
        "SET @x = '\n\n';",
        "SET @x = '//';",
    ),
    *("SET @x = '\\\\';", "SET @x = '\x1a\x1b';", "SET @x = 5--3;", "SET @x = '\nDELIMITER $$\n';"),
    *("/*! SET @x = 1; */", "/*!99999 no */", "SET @x = (SELECT COUNT(*) FROM `{live}`.{table});"),
)
DEFINERS = (
    "",
    "",
    "",
    "DEFINER=ghost@'%' ",
    "DEFINER='it''s'@'10.0.0.%' ",
    "DEFINER=CURRENT_USER ",
)
SCHEDULES = (
    "EVERY 1 DAY",
    "EVERY '1:30' HOUR_MINUTE STARTS '2036-03-30 02:30:00'",
    "EVERY 3 MONTH STARTS '2036-01-31 00:00:00' ENDS '2037-01-01 00:00:00'",
    "AT '2036-10-26 02:30:00'",
    "AT '2036-01-01 00:00:00' ON COMPLETION PRESERVE",
    "EVERY 1 WEEK STARTS '2036-01-01' ON COMPLETION PRESERVE DISABLE",
    "AT '2001-01-01 00:00:00' ON COMPLETION PRESERVE DISABLE",
)


@dataclass
class Maker:
    """Makes objects that use these tables and earlier objects of the same maker."""

    draw: DrawFn
    names: Names
    flavour: Flavour
    tables: Sequence[Table]
    collation: str
    functions: list[str] = field(default_factory=list)
    views: list[str] = field(default_factory=list)
    triggers: list[tuple[str, str, str]] = field(default_factory=list)

    def next(self) -> Statement:
        """Return the statement that creates another object."""
        make = self.draw(
            st.sampled_from(
                [
                    self._function,
                    self._procedure,
                    self._view,
                    self._view,
                    self._trigger,
                    self._trigger,
                    self._event,
                ]
            )
        )
        return make()

    def _statement(self, kind: str, name: str, sql: str, feature: str = "") -> Statement:
        return Statement(
            kind=kind,
            name=name,
            sql=sql,
            feature=feature or kind.lower(),
            sql_mode=self.draw(st.sampled_from(SQL_MODES)),
            collation=self.collation,
        )

    def _table(self) -> Table:
        return self.draw(st.sampled_from(list(self.tables)))

    def _definer(self) -> str:
        return self.draw(st.sampled_from(DEFINERS))

    def _filling(self) -> str:
        chosen = self.draw(st.sampled_from(FILLING))
        return chosen.replace("{live}", NAME).replace("{table}", identifier(self._table().name))

    def _security(self) -> str:
        return self.draw(st.sampled_from(["", "", "SQL SECURITY INVOKER "]))

    def _comment(self) -> str:
        return self.draw(
            st.sampled_from(["", "COMMENT 'it''s; a ;; comment' ", "COMMENT 'a\r\nb' "])
        )

    def _function(self) -> Statement:
        name, table = self.names.next(), self._table()
        reads = self.draw(
            st.sampled_from(["n + 1", f"(SELECT COUNT(*) FROM {identifier(table.name)})"])
        )
        sql = (
            f"CREATE {self._definer()}FUNCTION {identifier(name)}(n INT) RETURNS INT"
            f" DETERMINISTIC READS SQL DATA {self._security()}{self._comment()}"
            f"BEGIN {self._filling()} RETURN {reads}; END"
        )
        self.functions.append(name)
        return self._statement("FUNCTION", name, sql)

    def _procedure(self) -> Statement:
        name = self.names.next()
        parameters = self.draw(
            st.sampled_from(
                ["", "IN a INT, OUT `b c` VARCHAR(10) CHARACTER SET latin1", "INOUT d DECIMAL(9,2)"]
            )
        )
        sql = (
            f"CREATE {self._definer()}PROCEDURE {identifier(name)}({parameters}) {self._security()}"
            f"{self._comment()}BEGIN {self._filling()} SELECT 'x'; {self._filling()} END"
        )
        return self._statement("PROCEDURE", name, sql)

    def _view(self) -> Statement:
        name, table = self.names.next(), self._table()
        sources = [f"SELECT {identifier(ID)} AS id, 'it''s' AS word FROM {identifier(table.name)}"]
        sources.append(
            f"SELECT t.{identifier(ID)} AS id, t.{identifier(table.columns[1].name)} AS `odd c`"
            f" FROM {identifier(table.name)} t"
        )
        if self.functions:
            call = f"{identifier(self.draw(st.sampled_from(self.functions)))}(1)"
            sources.append(f"SELECT {call} AS id")
        if self.views:
            view = identifier(self.draw(st.sampled_from(self.views)))
            sources.append(f"SELECT a.id AS id FROM {view} a JOIN {view} b ON a.id = b.id")
            sources.append(f"SELECT id FROM {view} UNION ALL SELECT -1")
        source = self.draw(st.sampled_from(sources))
        algorithm = self.draw(st.sampled_from(["", "", "ALGORITHM=MERGE ", "ALGORITHM=TEMPTABLE "]))
        # Only a view that can be updated may have this option.
        is_plain = source in sources[:2] and "TEMPTABLE" not in algorithm
        check = " WITH CASCADED CHECK OPTION" if is_plain and one_in(self.draw, 4) else ""
        # A view that runs with the rights of an account that does not exist cannot be queried.
        security = self._security()
        definer = self._definer() if security else ""
        sql = f"CREATE {algorithm}{definer}{security}VIEW {identifier(name)} AS {source}{check}"
        self.views.append(name)
        return self._statement("VIEW", name, sql)

    def _trigger(self) -> Statement:
        name, table = self.names.next(), self._table()
        when = self.draw(st.sampled_from(["BEFORE", "AFTER"]))
        event = self.draw(st.sampled_from(["INSERT", "UPDATE", "DELETE"]))
        moment = f"{when} {event}"
        others = [other for other, *rest in self.triggers if rest == [table.name, moment]]
        order = ""
        if others and one_in(self.draw, 2):
            word = self.draw(st.sampled_from(["FOLLOWS", "PRECEDES"]))
            order = f"{word} {identifier(others[0])} "
        self.triggers.append((name, table.name, moment))
        # A backup refuses a trigger whose text has the schema's name, so only a few get it.
        schema = f"`{NAME}`." if one_in(self.draw, 40) else ""
        sql = (
            f"CREATE {self._definer()}TRIGGER {schema}{identifier(name)} {moment}"
            f" ON {identifier(table.name)}"
            f"{self.draw(st.sampled_from([' ', chr(10), ' /* ;; */ ']))}FOR EACH ROW {order}"
            f"BEGIN {self._filling()} SET @y = 1; END"
        )
        return self._statement("TRIGGER", name, sql)

    def _event(self) -> Statement:
        name, schedule = self.names.next(), self.draw(st.sampled_from(SCHEDULES))
        sql = (
            f"CREATE {self._definer()}EVENT {identifier(name)} ON SCHEDULE {schedule}"
            f" {self._comment()}DO BEGIN {self._filling()} SET @z = 1; END"
        )
        return self._statement("EVENT", name, sql)
