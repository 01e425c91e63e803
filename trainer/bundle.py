"""A bundle on disk: gzipped JSON lines, the manifest first, then one line an optimiser step (src/policy/bundle-file.ts).

Refuses content whose hash is not the manifest's. The hash is over the writer's own bytes, so nothing is printed again.
"""

import gzip
import hashlib
import json


class DamagedBundle(Exception):
    pass


def read_bundle(path):
    """The manifest's `hash`, `objective` and `optimizer`, and `steps`, a list of lists of rows."""
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
        manifest, *steps = file.read().removesuffix("\n").split("\n")
    bundle = json.loads(manifest)
    prefix = '{"hash":"%s",' % bundle["hash"]
    if not manifest.startswith(prefix):
        raise DamagedBundle(f"{path}: the manifest does not begin with its hash")
    content = "{" + manifest[len(prefix) : -1] + ',"steps":[' + ",".join(steps) + "]}"
    found = hashlib.sha256(content.encode()).hexdigest()
    if found != bundle["hash"]:
        raise DamagedBundle(f"{path}: the content hashes to {found}, its manifest says {bundle['hash']}")
    bundle["steps"] = [json.loads(step) for step in steps]
    return bundle
