"""npm run record:packages with a real pip, against an index in a folder."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

PROJECT = Path(__file__).parents[2]
RECORD = (
    "console.log(JSON.stringify(require('./settings/package-hashes.ts').packageHashes(JSON.parse(process.argv[1]))))"
)


class RecordPackages(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.index = self.folder / "simple"

    def wheel(self, name: str, version: str, tags: str, requires: str = "") -> str:
        """Puts a wheel into the index; its SHA-256."""
        package = self.index / name
        package.mkdir(parents=True, exist_ok=True)
        file = package / f"{name}-{version}-{tags}.whl"
        info = f"{name}-{version}.dist-info"
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}")
            archive.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tags}\n")
            archive.writestr(f"{info}/RECORD", "")
        (package / "index.html").write_text(
            "".join(f'<a href="{one.name}">{one.name}</a>\n' for one in sorted(package.glob("*.whl")))
        )
        return hashlib.sha256(file.read_bytes()).hexdigest()

    def record(self, packages: list[str]) -> subprocess.CompletedProcess[str]:
        python = Path(sys.executable)
        if importlib.util.find_spec("pip") is None:
            python = self.folder / "venv" / "bin" / "python"
            subprocess.run([sys.executable, "-m", "venv", str(self.folder / "venv")], check=True)
        environment = {
            **os.environ,
            "PIP_INDEX_URL": self.index.as_uri(),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_CACHE_DIR": "1",
        }
        wanted = json.dumps({"python": str(python), "packages": packages, "versions": ["3.11", "3.12"]})
        return subprocess.run(
            ["node", "-r", "./register.js", "-e", RECORD, wanted],
            cwd=PROJECT,
            env=environment,
            capture_output=True,
            text=True,
        )

    def test_hashes_of_each_pythons_wheel_and_no_others(self) -> None:
        compiled = [
            self.wheel(
                "compiled", "2.0", f"cp{python}-cp{python}-manylinux_2_28_x86_64", "Requires-Dist: not-in-the-index\n"
            )
            for python in ("311", "312")
        ]
        self.wheel("compiled", "2.0", "cp313-cp313-manylinux_2_28_x86_64")
        self.wheel("compiled", "2.0", "cp312-cp312-win_amd64")
        self.wheel("compiled", "2.1", "cp312-cp312-manylinux_2_28_x86_64")
        done = self.record(["compiled==2.0"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout), {"compiled==2.0": sorted(compiled)})
        # One that has no wheel for a Python is said, with the Python; its source is not taken in its place.
        self.wheel("young", "1.0", "cp312-cp312-manylinux_2_28_x86_64")
        (self.index / "young" / "young-1.0.tar.gz").touch()
        done = self.record(["young==1.0"])
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("young==1.0 for Python 3.11: ", done.stderr)
        self.assertIn("Remedy: a version in settings/versions.ts that has a wheel for it", done.stderr)


if __name__ == "__main__":
    unittest.main()
