# SPDX-License-Identifier: Apache-2.0
"""The project's own files, as the checks see them."""

import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent


def listed(root=ROOT):
    """Every file that git tracks or would add, sorted; one that is deleted but not committed is left out."""
    out = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True, capture_output=True, text=True).stdout
    paths = sorted({root / name for name in out.split("\0") if name})
    return [path for path in paths if path.is_file()]


def cpp(root=ROOT):
    """The C++ sources and headers among them."""
    return [path for path in listed(root) if path.suffix in (".cpp", ".hpp")]
