"""Scripts and styles: ours by content, others' out of the packages that carry them, checked and never committed."""

import importlib.metadata
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from services.dashboard import static_files, vendor
from services.dashboard.vendor import SOURCES, find_scripts
from shared.domain.errors import InputError

FOLDER = Path(vendor.__file__).parent
LARGEST = 20_000  # bytes: ours are small; whatever is larger is somebody else's


@pytest.fixture(scope="module")
def app() -> Flask:
    app = Flask("test", static_folder=None)
    app.register_blueprint(static_files.blueprint(find_scripts()))
    return app


def test_the_scripts_are_those_that_were_tried() -> None:
    found = find_scripts()
    assert set(found) == {"lightweight-charts.js", "plotly.js"}
    assert found["lightweight-charts.js"].version.startswith("5.")
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", script.version) for script in found.values())


def test_another_build_is_refused() -> None:
    charts = next(source for source in SOURCES if source.sha256)
    with pytest.raises(InputError, match="expected the build with sha256 00"):
        find_scripts((replace(charts, sha256="00" * 32),))


def test_a_package_that_is_missing_is_named() -> None:
    with pytest.raises(InputError, match="expected the package no-such-package to be installed"):
        find_scripts((replace(SOURCES[0], distribution="no-such-package"),))
    with pytest.raises(InputError, match="expected a file of the installed package"):
        find_scripts((replace(SOURCES[0], path="litecharts/js/other.js"),))


def test_a_file_that_its_package_did_not_record_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata.PathDistribution, "read_text", lambda *_: "plotly/other.js,sha256=x,1\n")
    with pytest.raises(InputError, match="expected the build"):
        find_scripts(tuple(source for source in SOURCES if source.sha256 is None))


def test_nobody_imports_what_carries_a_script() -> None:
    program = (
        "import services.dashboard.app, sys; print([m for m in ('plotly', 'litecharts', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_file_of_others_lies_in_our_folder() -> None:
    files = [path for path in (FOLDER / "static").rglob("*") if path.is_file()]
    assert files
    assert [
        path.name for path in files if path.stat().st_size > LARGEST or "sourceMappingURL" in path.read_text()
    ] == []


def test_our_files_reach_for_nothing_outside() -> None:
    for path in [*(FOLDER / "static").rglob("*.js"), *(FOLDER / "static").rglob("*.css")]:
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|@import|innerHTML|insertAdjacentHTML|document\.write|eval\(", text), path.name


def test_templates_have_nothing_inline_and_trust_nothing() -> None:
    for path in (FOLDER / "templates").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<style|<script(?![^>]* src=)|\sstyle=|\son[a-z]+=|\|\s*safe\b|Markup", text), path.name


def test_addresses_name_the_content(app: Flask) -> None:
    version = static_files.version_of(static_files.read_folder(static_files.FOLDER))
    with app.test_client() as client:
        ours = client.get(f"/static/{version}/js/main.js")
        assert ours.headers["Cache-Control"] == static_files.FOR_EVER
        assert ours.mimetype == "text/javascript"
        old = client.get("/static/0000/js/main.js")
        assert (old.status_code, old.headers["Cache-Control"]) == (200, "no-store")
        for path in ("../app.py", "..%2fapp.py", "js/../../app.py", "js"):
            assert client.get(f"/static/{version}/{path}").status_code in (308, 404), path


def test_others_scripts_come_packed_or_plain(app: Flask) -> None:
    script = find_scripts()["lightweight-charts.js"]
    address = f"/vendor/{script.tag}/{script.name}"
    with app.test_client() as client:
        packed = client.get(address, headers={"Accept-Encoding": "gzip"})
        assert packed.headers["Content-Encoding"] == "gzip"
        assert len(packed.data) < script.path.stat().st_size / 2
        plain = client.get(address)
        assert plain.data == script.path.read_bytes()
        assert plain.mimetype == "text/javascript"
        plain.close()
        assert client.get(f"/vendor/0000/{script.name}").status_code == 404
