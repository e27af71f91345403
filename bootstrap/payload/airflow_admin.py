"""Creates Airflow's admin user, or brings an existing one to what the settings say: password, role, name, e-mail address, active.

Runs in the Airflow image, after airflow-migrate. It works through FAB's own security manager in this process, so that the password is in no argument list.
A second run changes nothing; a changed password is set (which ends that user's sessions).
"""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from typing import Any

import airflow_database
from outcome import Result, Retryable, Variable, WrongSetting, progress, read_settings, run
from patience import VARIABLES as PATIENCE_VARIABLES
from patience import Patience

ROLE = "Admin"

VARIABLES = (
    Variable(
        "ADMIN_USERNAME",
        "login name",
        pattern=r"[A-Za-z0-9._@+-]{1,64}",
        allowed="1 to 64 letters, digits and . _ @ + -",
    ),
    Variable("ADMIN_PASSWORD", "password, from a Secret", secret=True),
    Variable(
        "ADMIN_EMAIL",
        "e-mail address; FAB wants one that no other user has",
        pattern=r"[^\s@]+@[^\s@]+",
        allowed="an e-mail address",
    ),
    Variable("ADMIN_FIRST_NAME", "first name", default="Admin", pattern=r".{1,64}"),
    Variable("ADMIN_LAST_NAME", "last name", default="User", pattern=r".{1,64}"),
    *airflow_database.VARIABLES,
    *PATIENCE_VARIABLES,
)


def _quiet() -> None:
    """Airflow's own log goes to stdout, between the lines of this job; its errors stay."""
    os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "ERROR")
    os.environ.setdefault("AIRFLOW__LOGGING__FAB_LOGGING_LEVEL", "ERROR")
    warnings.simplefilter("ignore")


def _bring_to(manager: Any, settings: dict[str, str]) -> list[str]:
    """Makes the user what the settings say, and returns what was changed."""
    hashing = importlib.import_module("werkzeug.security")
    username, email, password = settings["ADMIN_USERNAME"], settings["ADMIN_EMAIL"], settings["ADMIN_PASSWORD"]

    role = manager.find_role(ROLE)
    if role is None:
        progress(f"the role {ROLE} is not there yet: making the standard roles")
        manager.sync_roles()
        role = manager.find_role(ROLE)
        if role is None:
            raise Retryable(f"FAB has no role {ROLE}, also after its roles were made")

    user = manager.find_user(username=username)
    same_email = manager.find_user(email=email)
    if same_email is not None and (user is None or same_email.id != user.id):
        raise WrongSetting(
            f"ADMIN_EMAIL {email} belongs to another user ({same_email.username}), and FAB wants it unique: change it, or delete that user"
        )

    if user is None:
        # FAB gives False, and logs why, when it cannot.
        if not manager.add_user(
            username, settings["ADMIN_FIRST_NAME"], settings["ADMIN_LAST_NAME"], email, role, password
        ):
            raise Retryable(f"FAB could not create the user {username}; its error stands above")
        return ["created"]

    changed = []
    for attribute, value in (
        ("first_name", settings["ADMIN_FIRST_NAME"]),
        ("last_name", settings["ADMIN_LAST_NAME"]),
        ("email", email),
        ("active", True),
    ):
        if getattr(user, attribute) != value:
            setattr(user, attribute, value)
            changed.append(attribute.replace("_", " "))
    # Other roles are kept: somebody gave them.
    if role.id not in {held.id for held in user.roles}:
        user.roles = [*user.roles, role]
        changed.append(f"role {ROLE}")
    if changed and not manager.update_user(user):
        raise Retryable(f"FAB could not update the user {username}; its error stands above")

    user = manager.find_user(username=username)
    if not (user.password and hashing.check_password_hash(user.password, password)):
        if not manager.reset_password(user.id, password):
            raise Retryable(f"FAB could not set the password of {username}; its error stands above")
        changed.append("password")
    return changed


def _prove(manager: Any, settings: dict[str, str]) -> list[str]:
    """Reads the user again, and returns who else holds the role."""
    hashing = importlib.import_module("werkzeug.security")
    username = settings["ADMIN_USERNAME"]
    user = manager.find_user(username=username)
    if (
        user is None
        or not user.active
        or ROLE not in {role.name for role in user.roles}
        or not hashing.check_password_hash(user.password, settings["ADMIN_PASSWORD"])
    ):
        raise Retryable(f"the user {username} is not what was written a moment ago: does somebody else change it?")
    return sorted(
        other.username
        for other in manager.get_all_users()
        if other.id != user.id and other.active and ROLE in {role.name for role in other.roles}
    )


def main() -> Result:
    settings = read_settings(VARIABLES)
    dsn = settings[airflow_database.DSN]
    where = airflow_database.register_dsn(dsn)
    engine = airflow_database.connect(dsn, Patience.of(settings), settings["DATABASE_SECRET"], where)
    if not airflow_database.has_fab_tables(engine):
        raise WrongSetting(
            f"{where} has no table {airflow_database.FAB_TABLE}: airflow-migrate has not run on it, or with another auth manager"
        )

    os.environ[airflow_database.AUTH_MANAGER] = settings[airflow_database.AUTH_MANAGER]
    _quiet()
    try:
        providers = importlib.import_module("airflow.providers_manager")
        commands = importlib.import_module("airflow.providers.fab.auth_manager.cli_commands.utils")
    except ModuleNotFoundError as error:
        raise WrongSetting(f"the image lacks {error.name} (is it an Airflow image with the FAB provider?)") from error
    # Without it the options of FAB have no defaults.
    providers.ProvidersManager().initialize_providers_configuration()
    with commands.get_application_builder() as builder:
        changed = _bring_to(builder.sm, settings)
        others = _prove(builder.sm, settings)
    username = settings["ADMIN_USERNAME"]
    progress(f"user {username}: {', '.join(changed) if changed else 'already as it must be'}")
    if others:
        progress(f"note: other users hold the role {ROLE}, too: {', '.join(others)}")
    return {"user": username, "changed": changed, "other_admins": others}


if __name__ == "__main__":
    sys.exit(run("airflow-admin", main, __doc__, VARIABLES))
