"""What every page of somebody logged in shows around its own: the market, the exchange's clock, who is asking."""

import secrets
from typing import Any

from flask import render_template

from services.dashboard.sessions import api, person

REAL_MARKET = "binance-us"


def page(template: str, **values: Any) -> str:
    """A page with its frame. Pass `system` when it has been asked for already."""
    who = person()
    system = values.pop("system", None) or api().get(who.session, "/system")
    return render_template(
        template, who=who, system=system, is_simulated=system["market"] != REAL_MARKET, form_key=_form_key, **values
    )


def _form_key() -> str:
    """Sent along with a form that makes something, so that sending it twice makes it once."""
    return secrets.token_urlsafe(12)
