"""What is told of a statement that a server refused."""

import pymysql
import pytest

from cosmicdeploy.database.lanes import _refused
from cosmicdeploy.database.refusals import client_error, without_values

pytestmark = pytest.mark.unit

SECRET = "s3cret it's 'x' for key 'y"
ROW = f"INSERT INTO `files` VALUES (1,'{SECRET}')"  # noqa: S608


@pytest.mark.parametrize(
    ("code", "message", "shown"),
    [
        (1062, f"Duplicate entry '{SECRET}' for key 'name'", "Duplicate entry '…' for key 'name'"),
        (
            1366,
            f"Incorrect integer value: '{SECRET}' for column `d`.`t`.`n` at row 3",
            "Incorrect integer value: '…' for column `d`.`t`.`n` at row 3",
        ),
        (1406, "Data too long for column 'n' at row 1", "Data too long for column 'n' at row 1"),
        (1292, f"Truncated incorrect DOUBLE value: '{SECRET}'", "Truncated incorrect DOUBLE value"),
        (1526, "Table has no partition for value 1234567", "Table has no partition for value …"),
        (1064, f"You have an error near '{ROW}' at line 1", "You have an error near '…'"),
        (1300, f"Invalid utf8mb4 character string: '{SECRET}'", "Invalid utf8mb4 character string"),
        (1644, f"{SECRET} is not allowed", "the schema's own code refused it"),
        (9999, f"Something new about '{SECRET}\n'", "Something new about '…'"),
        (1146, "Table 'platform.remotes' doesn't exist", "Table 'platform.remotes' doesn't exist"),
    ],
)
def test_a_message_keeps_its_words_and_loses_its_values(
    code: int, message: str, shown: str
) -> None:
    told = without_values(code, message)
    assert told.startswith(shown)
    assert "s3cret" not in told and "1234567" not in told


@pytest.mark.parametrize("shows", [True, False], ids=["mariadb", "mysql"])
def test_a_client_s_error_comes_without_the_statement(shows: bool) -> None:
    statement = f"--------------\n{ROW * 1000}\nERROR 1 (x): {SECRET}\n--------------\n\n"
    error = f"ERROR 1062 (23000) at line 7: Duplicate entry '{SECRET}\n\n' for key 'PRIMARY'\n"
    told = client_error((statement if shows else "") + error)
    assert told == ["ERROR 1062 (23000) at line 7: Duplicate entry '…' for key 'PRIMARY'"]


def test_what_a_client_says_before_it_runs_anything_is_told() -> None:
    assert client_error("mariadb: unknown option '--x'\n") == ["mariadb: unknown option '--x'"]
    cut = client_error(f"warning\n--------------\n{ROW}")
    assert cut == ["warning"]
    [told] = client_error("ERROR at line 3: Unknown command '\\!'.\n")
    assert told == "ERROR at line 3: Unknown command '…'"


def test_what_code_of_the_schema_raises_is_not_repeated() -> None:
    told = client_error(f"ERROR 3001 (45000) at line 7: no room for {SECRET}\n")
    assert told == ["ERROR 3001 (45000) at line 7: the schema's own code refused it"]


@pytest.mark.parametrize(
    "statement", [ROW, f"CREATE TABLE `files` (a TEXT DEFAULT '{SECRET}')"], ids=["rows", "table"]
)
def test_a_lane_s_error_names_table_and_code(statement: str) -> None:
    error = pymysql.err.IntegrityError(1062, f"Duplicate entry '{SECRET}' for key 'name'")
    refused = _refused(error, statement.encode())
    told = "\n".join((str(refused), *refused.details))
    assert "ERROR 1062: Duplicate entry '…' for key 'name'" in told
    assert "`files`" in told
    assert "s3cret" not in told
