"""The share of the git cache. Earlier versions of this project gave each release of the model a folder of its own there, and removed none."""

from __future__ import annotations

import os
import re
import shutil
import time
from pathlib import Path

from outcome import Variable, progress

VARIABLES = (
    Variable("GIT_CACHE", "folder where the share of the git cache is mounted; empty: it is left alone", default=""),
)

_OLD = re.compile(r"(bootstrap-[0-9a-f]{16})(\.removed)?")
# None of their jobs ran for half an hour, its retries included. A day is far beyond, whatever clock a file's time comes from.
UNUSED_SECONDS = 24 * 3600.0
# The job that removes them has a time of its own.
SECONDS = 60.0


def _is_used(folder: Path) -> bool:
    since = time.time() - UNUSED_SECONDS
    things = (Path(place) / name for place, folders, files in os.walk(folder) for name in (*folders, *files))
    return folder.lstat().st_mtime > since or any(thing.lstat().st_mtime > since for thing in things)


def remove_old_caches(share: str) -> list[str]:
    """Removes these folders, and returns their names. One that a job may use, left by a killed run, stays until the next time; no failure counts."""
    removed: list[str] = []
    end = time.monotonic() + SECONDS
    try:
        folders = (
            [
                folder
                for folder in sorted(Path(share).iterdir())
                if _OLD.fullmatch(folder.name) and folder.is_dir() and not folder.is_symlink()
            ]
            if share
            else []
        )
        for folder in folders:
            if time.monotonic() > end:
                progress(f"note: what else earlier versions have left on {share} is removed the next time")
                break
            if _is_used(folder):
                progress(f"note: {folder} has changed within the last day, so a job may use it: it stays")
                continue
            # Under another name first, so that no job ever finds a half of it.
            shutil.rmtree(folder.rename(folder.with_suffix(".removed")))
            removed.append(folder.name)
    except OSError as fault:
        progress(f"note: what earlier versions have left on {share} is not removed: {fault}")
    if removed:
        progress(f"removed from {share}, where earlier versions have left them: {', '.join(removed)}")
    return removed
