"""What is removed from the share of the git cache."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "payload"))

import git_cache
from git_cache import remove_old_caches

LONG_AGO = time.time() - 25 * 3600


class OldCaches(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.share = Path(folder.name)

    def folder(self, name: str, changed: float = LONG_AGO, inside: float = LONG_AGO) -> Path:
        """One with a clone; times of the folder, and of a file deep in it."""
        clone = self.share / name / "model" / ".git"
        clone.mkdir(parents=True)
        (clone / "FETCH_HEAD").write_text("x")
        os.utime(clone / "FETCH_HEAD", (inside, inside))
        for path in (clone, clone.parent, self.share / name):
            os.utime(path, (changed, changed))
        return self.share / name

    def remove(self) -> tuple[list[str], str]:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            return remove_old_caches(str(self.share)), out.getvalue()

    def left(self) -> list[str]:
        return sorted(path.name for path in self.share.iterdir())

    def test_folders_that_no_job_uses(self) -> None:
        old = [self.folder(f"bootstrap-{number:016x}").name for number in range(3)]
        half = self.folder("bootstrap-00000000000000ff.removed").name
        used = [
            self.folder("bootstrap-aaaaaaaaaaaaaaaa", inside=time.time() - 3600).name,
            self.folder("bootstrap-bbbbbbbbbbbbbbbb", changed=time.time() - 3600).name,
        ]
        others = [self.folder(name).name for name in ("acme_model", "bootstrap-mine", "bootstrap")]
        (self.share / "bootstrap-cccccccccccccccc").symlink_to(self.share / "acme_model")
        removed, out = self.remove()
        self.assertEqual(removed, [*old, half])
        self.assertEqual(self.left(), sorted([*used, *others, "bootstrap-cccccccccccccccc"]))
        self.assertTrue((self.share / "acme_model" / "model" / ".git" / "FETCH_HEAD").exists())
        for name in used:
            self.assertRegex(out, f"{name} has changed within the last day")

    def test_nothing_to_remove(self) -> None:
        self.assertEqual(self.remove(), ([], ""))
        self.assertEqual(remove_old_caches(""), [])

    def test_it_takes_a_minute_at_most(self) -> None:
        names = [self.folder(f"bootstrap-{number:016x}").name for number in range(2)]
        with mock.patch.object(git_cache, "SECONDS", -1.0):
            self.assertIn("the next time", self.remove()[1])
        self.assertEqual(self.left(), names)

    def test_a_share_that_refuses_is_no_failure(self) -> None:
        self.folder("bootstrap-0000000000000001")
        with mock.patch.object(shutil, "rmtree", side_effect=PermissionError(13, "Permission denied")):
            removed, out = self.remove()
        self.assertEqual(removed, [])
        self.assertIn("note: what earlier versions have left", out)
        # Killed half-way is the same: no job finds a half of it, and the next run removes the rest.
        self.assertEqual(self.left(), ["bootstrap-0000000000000001.removed"])
        self.assertEqual(self.remove()[0], ["bootstrap-0000000000000001.removed"])


if __name__ == "__main__":
    unittest.main()
