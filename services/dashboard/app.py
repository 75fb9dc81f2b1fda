"""The dashboard: pages over the API, and nothing else. Everything it needs is passed in."""

import secrets

from flask import Flask

from services.dashboard import errors, formats, security, sessions, static_files, vendor, words
from services.dashboard.client import Api
from services.dashboard.login_limit import LoginLimit
from services.dashboard.views import auth, compare, data, events, health, overview, runs, strategies
from shared import log
from shared.settings import Settings

LARGEST_FORM = 1024 * 1024


def create_app(conf: Settings) -> Flask:
    """A WSGI application. Raises InputError when a third-party script is not what it should be."""
    app = Flask("services.dashboard", static_folder=None, template_folder="templates")
    app.config.update(MAX_CONTENT_LENGTH=LARGEST_FORM, MAX_FORM_MEMORY_SIZE=LARGEST_FORM, MAX_FORM_PARTS=50)
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True, "autoescape": True}

    scripts = vendor.find_scripts()
    for script in scripts.values():
        log.get("vendor").info(
            "script_found", name=script.name, version=script.version, carrier=script.carrier, sha256=script.sha256
        )

    api = Api(conf.dashboard.api_url)
    app.extensions["api"] = api
    app.extensions["sessions"] = sessions.Sessions(api)
    app.extensions["login_limit"] = LoginLimit()
    app.extensions["login_key"] = secrets.token_bytes(32)
    app.extensions["listeners"] = events.Listeners()

    security.install(app, conf.dashboard.allowed_hosts)
    sessions.install(app)
    errors.install(app)
    formats.install(app)
    words.install(app)
    app.register_blueprint(static_files.blueprint(scripts))
    for area in (health, auth, overview, compare, runs, strategies, data, events):
        app.register_blueprint(area.pages)
    return app
