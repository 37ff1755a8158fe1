"""When a wheel is built, the editor of the query page is fetched into it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):
    """Runs ``deploy/assets/editor.py``, which says what is missing and fails never."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 # hatchling's signature
        if version != "editable":
            script = Path(self.root, "deploy", "assets", "editor.py")
            subprocess.run([sys.executable, str(script)], check=True)
