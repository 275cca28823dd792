"""Which shape the database has. A worker refuses the wrong one and says which command mends it."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from engine.errors import StoreError
from engine.store.database import Database, shown

_MIGRATIONS = Path(__file__).parent / "migrations"
#: PostgreSQL's advisory lock of whoever migrates: any number that nobody else has.
_LOCK = 706_312_026


def migrate(database: Database) -> str:
    """Bring the database to the shape this version needs; returns its revision. Existing data stays."""

    def upgrade(connection: sa.Connection) -> None:
        if connection.dialect.name == "postgresql":
            # Two workers that start at once on an empty database: the second waits, and finds nothing to do.
            connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
            connection.execute(sa.text("SET LOCAL lock_timeout = 0"))
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        command.upgrade(_config(connection), "head")

    database.write(upgrade)
    return _wanted()


def ensure(database: Database) -> None:
    """Make a new, empty database ready for use; refuse one of another revision.

    Raises StoreError that names the database and the command that migrates it.
    """
    present = database.read(_present)
    if present is None and database.read(_is_empty):
        migrate(database)
        return
    if present != _wanted():
        raise StoreError(
            f"the store is at revision {present or 'none'}, this version of Tocsin needs {_wanted()}",
            place=shown(database.url),
            remedy="stop every `tocsin run`, make a copy, then: tocsin db migrate",
        )


def _present(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _is_empty(connection: sa.Connection) -> bool:
    return not sa.inspect(connection).get_table_names()


def _wanted() -> str:
    return str(ScriptDirectory(str(_MIGRATIONS)).get_current_head())


def _config(connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config
