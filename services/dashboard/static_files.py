"""Our own scripts and styles, and those of others: addresses name the content, so that browsers keep it for ever."""

import hashlib
from pathlib import Path

from flask import Blueprint, Response, abort, request, send_from_directory

from services.dashboard.vendor import Script

FOLDER = Path(__file__).parent / "static"
FOR_EVER = "public, max-age=31536000, immutable"


def version_of(folder: Path) -> str:
    """A name for the content of a folder: it changes when any file in it does."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def blueprint(scripts: dict[str, Script]) -> Blueprint:
    """Routes `own` (/static/VERSION/...) and `vendor` (/vendor/TAG/...)."""
    files = Blueprint("files", __name__)
    version = version_of(FOLDER)

    @files.get("/static/<tag>/<path:name>")
    def own(tag: str, name: str) -> Response:
        answer = send_from_directory(FOLDER, name)
        return _cached(answer, tag == version)

    @files.get("/vendor/<tag>/<name>")
    def vendor(tag: str, name: str) -> Response:
        script = scripts.get(name)
        if script is None or tag != script.tag:
            abort(404)
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            answer = Response(script.gzipped, mimetype="text/javascript", headers={"Content-Encoding": "gzip"})
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
