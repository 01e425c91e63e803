"""Progress and figures as JSON lines on a channel of their own: descriptor 3, or the UNIX socket that LAKATOS_EVENTS
names (launchers such as torchrun close descriptors). Only the first process speaks.

When nobody reads any more the process ends: its orchestrator is gone, and the next one will start another.
"""

import json
import os
import socket
import sys


class Events:
    def __init__(self, speaks):
        self._file = _open() if speaks else None

    def send(self, event, **fields):
        if self._file is None:
            return
        try:
            self._file.write(json.dumps({"event": event, **fields}) + "\n")
            self._file.flush()
        except (BrokenPipeError, ConnectionResetError):
            print("nobody reads the events any more: the orchestrator is gone", file=sys.stderr)
            os._exit(1)


def _open():
    path = os.environ.get("LAKATOS_EVENTS")
    if path is not None:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(path)
        return connection.makefile("w", encoding="utf-8")
    try:
        return os.fdopen(3, "w", encoding="utf-8")
    except OSError:
        return None  # Started by hand.
