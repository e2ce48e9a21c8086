"""Commands as an operator types them."""

from __future__ import annotations

from click.testing import CliRunner, Result

from live.cli import main


def run(*words: str) -> Result:
    return CliRunner().invoke(main, words)


def done(*words: str) -> str:
    result = run(*words)
    assert result.exit_code == 0, result.output
    return result.stdout.strip()


def refused(*words: str) -> str:
    """What a command that cannot be done says: one line, and no traceback."""
    result = run(*words)
    assert result.exit_code != 0
    assert isinstance(result.exception, SystemExit), result.exception
    return result.output.strip()
