"""Values of rows are removed from a server's message about a refused statement."""

import pytest

from cosmicdeploy.database.loading.redaction import redact_values

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
        (
            1644,
            f"{SECRET} is not allowed",
            "code in the schema (a trigger or a routine) refused it",
        ),
        (9999, f"Something new about '{SECRET}\n'", "Something new about '…'"),
        (1146, "Table 'platform.remotes' doesn't exist", "Table 'platform.remotes' doesn't exist"),
    ],
)
def test_a_message_keeps_its_words_and_loses_values_of_rows(
    code: int, message: str, shown: str
) -> None:
    redacted = redact_values(code, message)
    assert redacted.startswith(shown)
    assert "s3cret" not in redacted and "1234567" not in redacted
