"""Rewrites an image of `docker save` so that the same content always has the same digest.

A builder writes the time of each step, and the id and the settings of its intermediate container,
into an image; a file system gives entries in any order. None of it is content. Here times become
those of the commit, entries are sorted, and what is left out is what names a build. The digest of
an image is that of its configuration, which lists the digests of its layers.

    python3 normalise.py SOURCE.tar TARGET.tar SECONDS   prints the digest
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import tarfile
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

CONFIG = ("Cmd", "Entrypoint", "Env", "ExposedPorts", "Healthcheck", "Labels", "StopSignal", "User",
          "Volumes", "WorkingDir")  # fmt: skip
"""What of a container's settings belongs to an image."""


def normalise(source: Path, target: Path, seconds: int) -> str:
    """Writes `target` from the one image in `source`; returns its digest."""
    created = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    with (
        tarfile.open(source) as image,
        tempfile.TemporaryDirectory(dir=target.parent) as folder,
        tarfile.open(target, "w", format=tarfile.GNU_FORMAT) as out,
    ):
        (manifest,) = json.load(_content(image, "manifest.json"))
        layers = []
        for number, name in enumerate(manifest["Layers"]):
            layer = Path(folder) / str(number)
            layers.append(_rewrite(_content(image, name), layer, seconds))
            with layer.open("rb") as content:
                _add(out, f"{layers[-1]}.tar", content, layer.stat().st_size, seconds)
            layer.unlink()
        config = _config(json.load(_content(image, manifest["Config"])), layers, created)
        digest = hashlib.sha256(config).hexdigest()
        _add(out, f"{digest}.json", io.BytesIO(config), len(config), seconds)
        listing = json.dumps([
            {"Config": f"{digest}.json", "RepoTags": manifest["RepoTags"],
             "Layers": [f"{layer}.tar" for layer in layers]}
        ]).encode()  # fmt: skip
        _add(out, "manifest.json", io.BytesIO(listing), len(listing), seconds)
    return f"sha256:{digest}"


def _content(image: tarfile.TarFile, name: str) -> IO[bytes]:
    """A file of the archive; a layer that equals another is a link to it."""
    content = image.extractfile(name)
    assert content is not None, name
    return content


def _rewrite(layer: IO[bytes], target: Path, seconds: int) -> str:
    """A layer with its entries sorted and no time later than `seconds`; returns its digest."""
    with (
        tarfile.open(fileobj=layer) as source,
        tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as out,
    ):
        # a hard link follows the file that it names
        entries = sorted(source.getmembers(), key=lambda entry: (entry.islnk(), entry.name))
        for entry in entries:
            entry.mtime = min(int(entry.mtime), seconds)
            entry.uname = entry.gname = ""
            kept = {k: v for k, v in entry.pax_headers.items() if k.startswith("SCHILY.xattr")}
            entry.pax_headers = kept
            out.addfile(entry, source.extractfile(entry) if entry.isreg() else None)
    with target.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _config(config: dict[str, Any], layers: list[str], created: str) -> bytes:
    settings = {key: config["config"][key] for key in CONFIG if config["config"].get(key)}
    history = [
        {"created": created, "created_by": step.get("created_by", ""),
         "empty_layer": step.get("empty_layer", False)}
        for step in config["history"]
    ]  # fmt: skip
    normal = {
        "architecture": config["architecture"], "os": config["os"], "created": created,
        "config": settings, "history": history,
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer}" for layer in layers]},
    }  # fmt: skip
    return json.dumps(normal, sort_keys=True, separators=(",", ":")).encode()


def _add(out: tarfile.TarFile, name: str, content: IO[bytes], size: int, seconds: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mtime, entry.mode = size, seconds, 0o644
    out.addfile(entry, content)


if __name__ == "__main__":
    print(normalise(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
