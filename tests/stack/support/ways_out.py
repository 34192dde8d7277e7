"""Run the commands that an error's advice names, as an operator would."""

from __future__ import annotations

import re
import shlex

from tests.stack.support.harness import Done, StackUnderTest
from tests.stack.support.processes.programs import run_program

COMMAND = re.compile(r"`((?:cosmicdeploy|mv) [^`]+)`")
# These only show something.
READING = ("status", "verify", "diagnose")
# An error may name a command whose own error names the next one, but not for ever.
MOST_COMMANDS = 4


def named_commands(text: str) -> list[str]:
    """Return the commands that an advice names, without those that only show something."""
    found = COMMAND.findall(text)
    return [each for each in found if each.split()[1] not in READING]


def take_way_out(stack: StackUnderTest, refused: Done, word: str = "") -> Done:
    """Run the first command with this word that a refused command's report names; it must succeed.

    Questions are answered with yes.
    """
    error = refused.report["error"]
    commands = [each for each in named_commands(error["todo"]) if word in each]
    assert commands, error
    return require_success(run(stack, commands[0]))


def follow_advice(stack: StackUnderTest, command: str) -> list[str]:
    """Run a command, and what its errors name, until one succeeds; return all commands."""
    commands = [command]
    while (done := run(stack, commands[-1])).code:
        assert len(commands) < MOST_COMMANDS, (commands, done.stderr)
        [next_command, *_] = named_commands(done.report["error"]["todo"]) or [""]
        assert next_command, done.stderr
        commands.append(next_command)
    return commands


def run(stack: StackUnderTest, command: str) -> Done:
    """Run one named command with the answer yes; one of another program must succeed."""
    program, *words = shlex.split(command)
    if program == "cosmicdeploy":
        return stack.cli(*words, "--yes", "--json")
    run_program([program, *words], stack.folder)
    return Done(0, "", "")


def require_success(done: Done) -> Done:
    assert done.code == 0, done.stderr
    return done
