"""The command line: thin, every figure comes from the Python API; `--json` on every read; exit codes say whose fault it is."""

import sys

from tieout.cli.commands import app
from tieout.errors import TieoutError


def main() -> None:
    """Run a command; what goes wrong is one clear sentence with the next step, never a traceback."""
    try:
        app(prog_name="tieout")
    except TieoutError as error:
        sys.stderr.write(f"tieout: {error}\n")
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(0)
    except KeyboardInterrupt:
        sys.stderr.write("tieout: stopped; what was committed stays, run the same command again to go on.\n")
        sys.exit(130)


__all__ = ["app", "main"]
