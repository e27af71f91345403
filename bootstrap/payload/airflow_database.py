"""Airflow's metadata database, as airflow_migrate.py and airflow_admin.py need it: which one it is, and waiting until it takes a connection.

Runs inside the Airflow image: SQLAlchemy is there, and the driver that the DSN names.
"""

from __future__ import annotations

import importlib
import re
from typing import Any
from urllib.parse import unquote, urlsplit

from outcome import Failure, Refused, Retryable, Variable, WrongSetting, register_secret
from patience import Patience, Unreachable

DSN = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
AUTH_MANAGER = "AIRFLOW__CORE__AUTH_MANAGER"
FAB_AUTH_MANAGER = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"

# One of the tables that only FAB's own migration makes.
FAB_TABLE = "ab_user"

VARIABLES = (
    Variable(
        DSN,
        "DSN of the metadata database: the server itself, not pgbouncer, whose transaction mode a migration does not survive; from a Secret",
        secret=True,
        pattern=r"[a-z0-9]+(\+[a-z0-9]+)?://\S+",
        allowed="a SQLAlchemy URL with user and password percent-encoded",
    ),
    Variable(
        AUTH_MANAGER,
        "auth manager; FAB's keeps users in tables of its own, which are made only if it is named here",
        default=FAB_AUTH_MANAGER,
        pattern=re.escape(FAB_AUTH_MANAGER),
        allowed=FAB_AUTH_MANAGER,
    ),
    Variable(
        "DATABASE_SECRET", "how messages call the place that the DSN comes from", default=f"the Secret behind {DSN}"
    ),
)

_CONNECT_TIMEOUT = 10

# What libpq and the server say. The texts are PostgreSQL's in English, as Azure has them.
_WRONG_PASSWORD = re.compile(
    r"password authentication failed|no password supplied|SASL authentication failed|role \"[^\"]*\" does not exist",
    re.IGNORECASE,
)
_NO_ENCRYPTION = re.compile(r"no pg_hba\.conf entry for host .*(no encryption|SSL off)", re.IGNORECASE)
_NOT_ADMITTED = re.compile(
    r"no pg_hba\.conf entry|permission denied for database|is not permitted to log in", re.IGNORECASE
)
_NO_DATABASE = re.compile(r"database \"([^\"]*)\" does not exist", re.IGNORECASE)
_NO_TLS_THERE = re.compile(r"server does not support SSL", re.IGNORECASE)
_CERTIFICATE = re.compile(r"certificate verify failed|root certificate file|does not match host name", re.IGNORECASE)
_NO_NAME = re.compile(
    r"could not translate host name|name or service not known|nodename nor servname|failure in name resolution",
    re.IGNORECASE,
)


def register_dsn(dsn: str) -> str:
    """Makes the DSN's password a secret of its own, and returns where the DSN leads to, without user and password."""
    try:
        parts = urlsplit(dsn)
        port = parts.port
    except ValueError as error:
        raise WrongSetting(f"{DSN} is not a URL ({error}): are user and password percent-encoded?") from error
    if parts.password:
        # Both forms: messages show the one or the other.
        register_secret(parts.password)
        register_secret(unquote(parts.password))
    if not parts.hostname:
        return f"{parts.scheme}:{parts.path}"
    return f"{parts.hostname}{f':{port}' if port else ''}{parts.path}"


def _explain(error: BaseException, where: str, secret: str) -> Failure:
    text = str(getattr(error, "orig", None) or error).strip()
    first = " ".join(text.split())[:400]
    if _WRONG_PASSWORD.search(text):
        return Refused(
            f"{where} does not accept user and password ({first}): the password in {secret} is not the server's. Both come from Key Vault; deploy again; if it stays, raise revisions.databasePasswords in the environment's file, and deploy"
        )
    if _NO_ENCRYPTION.search(text):
        return WrongSetting(
            f"{where} wants an encrypted connection ({first}): the DSN in {secret} needs ?sslmode=require"
        )
    if _NOT_ADMITTED.search(text):
        return Refused(f"{where} does not admit this user or address ({first})")
    missing = _NO_DATABASE.search(text)
    if missing:
        return WrongSetting(
            f"the server has no database {missing[1]!r} ({where}): the DSN in {secret} names another one than InfraStack made"
        )
    if _NO_TLS_THERE.search(text) or _CERTIFICATE.search(text):
        return WrongSetting(
            f"no TLS connection to {where} ({first}): is it the server, and does sslmode in {secret} fit it?"
        )
    if _NO_NAME.search(text):
        return Unreachable(
            f"the name in {where} cannot be resolved ({first}): the private DNS zone and its link to the VNet, or the cluster's DNS"
        )
    return Unreachable(f"{where} takes no connection ({first})")


def connect(dsn: str, patience: Patience, secret: str, where: str) -> Any:
    """A SQLAlchemy engine that has answered once. Any: no type information of SQLAlchemy is at hand where these scripts are checked."""
    sqlalchemy = importlib.import_module("sqlalchemy")
    arguments = {} if dsn.startswith("sqlite") else {"connect_timeout": _CONNECT_TIMEOUT}
    try:
        # hide_parameters: an error must not show what was written, such as the hash of a password.
        engine = sqlalchemy.create_engine(
            dsn, connect_args=arguments, hide_parameters=True, poolclass=sqlalchemy.pool.NullPool
        )
    except ModuleNotFoundError as error:
        raise WrongSetting(f"the image lacks the database driver that {DSN} names ({error})") from error
    except sqlalchemy.exc.ArgumentError as error:
        raise WrongSetting(
            f"{DSN} is not a SQLAlchemy URL ({error}): are user and password percent-encoded?"
        ) from error

    def probe() -> None:
        try:
            with engine.connect() as connection:
                connection.execute(sqlalchemy.text("SELECT 1"))
        except sqlalchemy.exc.DBAPIError as error:
            raise _explain(error, where, secret) from None
        except UnicodeError as error:
            # A host label that is too long, or empty.
            raise WrongSetting(f"{DSN} names an impossible host ({error})") from None

    patience.until_reached("database", probe)
    return engine


def has_fab_tables(engine: Any) -> bool:
    sqlalchemy = importlib.import_module("sqlalchemy")
    try:
        return bool(sqlalchemy.inspect(engine).has_table(FAB_TABLE))
    except sqlalchemy.exc.DBAPIError as error:
        raise Retryable(f"the database broke off: {' '.join(str(error.orig).split())}") from None
