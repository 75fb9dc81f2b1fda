"""Our own scripts and styles, and those of others: addresses name the content, so that browsers keep it for ever."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from flask import Blueprint, Response, abort, request, send_from_directory

from services.dashboard.vendor import Script

FOLDER = Path(__file__).parent / "static"
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOR_EVER = "public, max-age=31536000, immutable"


def read_folder(folder: Path) -> dict[str, bytes]:
    """Our files by name, as read at start: an address can name nothing else."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix in KINDS)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def version_of(files: Mapping[str, bytes]) -> str:
    """A name for the content: it changes when any file does."""
    digest = hashlib.sha256()
    for name, text in files.items():
        digest.update(f"{name}\0".encode() + hashlib.sha256(text).digest())
    return digest.hexdigest()[:16]


def blueprint(scripts: dict[str, Script]) -> Blueprint:
    """Routes `own` (/static/VERSION/...) and `vendor` (/vendor/TAG/...)."""
    files = Blueprint("files", __name__)
    ours = read_folder(FOLDER)
    version = version_of(ours)

    @files.get("/static/<tag>/<path:name>")
    def own(tag: str, name: str) -> Response:
        if name not in ours:
            abort(404)
        answer = Response(ours[name], mimetype=KINDS[Path(name).suffix])
        return _cached(answer, tag == version)

    @files.get("/vendor/<tag>/<name>")
    def vendor(tag: str, name: str) -> Response:
        script = scripts.get(name)
        if script is None or tag != script.tag:
            abort(404)
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            answer = Response(script.gzipped(), mimetype="text/javascript", headers={"Content-Encoding": "gzip"})
        else:
            answer = send_from_directory(script.path.parent, script.path.name, mimetype="text/javascript")
        answer.headers["Vary"] = "Accept-Encoding"
        return _cached(answer, True)

    @files.app_context_processor
    def addresses() -> dict[str, object]:
        def static(name: str) -> str:
            return f"/static/{version}/{name}"

        return {
            "static": static,
            "vendor": {name: f"/vendor/{script.tag}/{name}" for name, script in scripts.items()},
            "vendor_styles": [name for script in scripts.values() for name in script.style_ids],
        }

    return files


def _cached(answer: Response, for_ever: bool) -> Response:
    answer.headers["Cache-Control"] = FOR_EVER if for_ever else "no-store"
    return answer
