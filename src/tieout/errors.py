"""The errors Tieout raises on purpose; every one says whose fault it is and what to do next.

TieoutError
├── OperatorError      the person at the keyboard or the settings file (exit code 2)
│   ├── SettingsError  `tieout.toml`, a mapping or a policy is wrong
│   ├── InputMissing   a named file or folder is not there or cannot be read
│   └── Forbidden      somebody asks for what the roles, the scopes or maker-checker do not allow
├── StoreError         the database is unreachable, too old, too new or lacks rights (exit code 3)
└── IntegrityError     the ledger does not prove: a tampered row or a broken chain (exit code 4)

What a *partner* sends wrong is never an exception: it is a value, `core.facts.Refusal`, kept with its bytes.
"""


class TieoutError(Exception):
    """Base of all errors shown to a user as one sentence and a next step."""

    exit_code = 1

    def __init__(self, what: str, next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.next_step = next_step

    def __str__(self) -> str:
        return f"{self.what} {self.next_step}".rstrip()


class OperatorError(TieoutError):
    """The command line or a file the operator wrote is wrong."""

    exit_code = 2


class SettingsError(OperatorError):
    """A settings, mapping or policy file is wrong; names the file, the key and the rule."""


class InputMissing(OperatorError):
    """A path that was named does not exist or cannot be read."""


class Forbidden(OperatorError):
    """A person may not do this; says who may."""


class StoreError(TieoutError):
    """The database cannot be used."""

    exit_code = 3


class IntegrityError(TieoutError):
    """Stored data does not prove."""

    exit_code = 4
