"""Writes the cases of a folder of test vectors as files for a fuzzer to begin with: seeds.py FOLDER OUT"""

import base64
import pathlib
import sys

folder, out = map(pathlib.Path, sys.argv[1:])
for path in sorted(folder.glob("*")):
    head, _, case = path.read_bytes().partition(b"\n\n")
    header = dict(line.split(": ", 1) for line in head.decode().splitlines())
    if header.get("encoding") == "base64":
        case = base64.b64decode(case)
    if "width" in header:
        # The target takes the width from the first byte.
        case = bytes([int(header["width"])]) + case
    (out / path.name).write_bytes(case)
