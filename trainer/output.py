"""A directory that is there whole or not at all: filled beside its place, every file synced, the marker written last,
then renamed. Whoever finds the marker has all of it."""

import hashlib
import json
import os
import shutil
from pathlib import Path

MARKER = "COMMITTED.json"


def fresh_directory(target):
    fresh = target.with_name(f".{target.name}.partial")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    return fresh


def weights_version(directory):
    """12 hex digits over the weight files' bytes, as src/policy/served/checkpoint-version.ts computes them."""
    digest = hashlib.sha256()
    for path in sorted(Path(directory).iterdir(), key=lambda p: p.name):
        if path.suffix in (".safetensors", ".bin"):
            with path.open("rb") as file:
                digest.update(f"{path.name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return digest.hexdigest()[:12]


def commit(fresh, target, marker):
    for path in fresh.rglob("*"):
        if path.is_file():
            _sync(path)
    path = fresh / MARKER
    path.write_text(json.dumps(marker, allow_nan=False) + "\n")
    _sync(path)
    _sync(fresh)
    shutil.rmtree(target, ignore_errors=True)
    os.rename(fresh, target)
    _sync(target.parent)


def _sync(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
