"""The command line: thin, every figure comes from the Python API; `--json` on every read; exit codes say whose fault it is."""

import sys
import tempfile
import traceback
from pathlib import Path

import psycopg

from tieout.cli.commands import app
from tieout.errors import TieoutError


def main() -> None:
    """Run a command; what goes wrong is one clear sentence with the next step, never a traceback."""
    try:
        app(prog_name="tieout")
    except TieoutError as error:
        sys.stderr.write(f"tieout: {error}\n")
        sys.exit(error.exit_code)
    except psycopg.OperationalError as error:
        sys.stderr.write(f"tieout: The database went away: {str(error).strip().splitlines()[0]}. Run the same command again.\n")
        sys.exit(3)
    except BrokenPipeError:
        sys.exit(0)
    except KeyboardInterrupt:
        sys.stderr.write("tieout: stopped; what was committed stays, run the same command again to go on.\n")
        sys.exit(130)
    except Exception as error:
        path = Path(tempfile.gettempdir()) / "tieout-error.txt"
        path.write_text(traceback.format_exc(), "utf-8")
        sys.stderr.write(f"tieout: This is our fault: {type(error).__name__}. Please report it with the file {path}.\n")
        sys.exit(70)


__all__ = ["app", "main"]
