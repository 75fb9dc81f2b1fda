"""Who may come in, and what the browser keeps of it."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open, dashboard_of
from tests.support.api import ADMIN, VIEWER, Api

pytestmark = pytest.mark.needs("chromium")


def test_a_wrong_token_is_told_and_opens_nothing(open_desk: Open, api: Api) -> None:
    desk = open_desk()
    desk.go("/runs/1?tab=log")
    expect(desk.page).to_have_title("Log in · Paperfold")
    desk.page.fill("#token", "wrong")
    desk.page.click("text=Log in")
    expect(desk.page.get_by_role("alert")).to_have_text("No such token.")
    assert desk.page.context.cookies() == []
    assert api.rows()["sessions"] == 0


def test_a_session_is_a_random_cookie_that_no_script_reads_and_ends_in_the_api(open_desk: Open, api: Api) -> None:
    desk = open_desk()
    desk.go("/strategies/none-such")
    desk.page.fill("#token", ADMIN)
    desk.page.click("text=Log in")
    expect(desk.page.locator("h1")).to_have_text("Not Found")  # the page that was asked for
    (cookie,) = desk.page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["secure"]) == (True, "Strict", False)
    assert len(cookie["value"]) >= 43
    assert ADMIN not in cookie["value"]
    assert desk.page.evaluate("document.cookie") == ""
    desk.go("/")
    desk.page.click("text=Log out")
    expect(desk.page.get_by_role("status")).to_have_text("You are logged out.")
    assert desk.page.context.cookies() == []
    assert api.anybody.get(f"/api/v1/sessions/{cookie['value']}").status_code == 404
    desk.page.context.add_cookies([{"name": cookie["name"], "value": cookie["value"], "url": desk.url}])
    desk.go("/")
    expect(desk.page).to_have_title("Log in · Paperfold")


def test_a_session_that_was_ended_elsewhere_leads_to_the_login(open_desk: Open, api: Api) -> None:
    desk = open_desk().log_in()
    (cookie,) = desk.page.context.cookies()
    assert api.anybody.delete(f"/api/v1/sessions/{cookie['value']}").status_code == 204
    desk.go("/")
    expect(desk.page).to_have_title("Log in · Paperfold")


def test_a_sixth_wrong_token_has_to_wait(open_desk: Open) -> None:
    desk = open_desk()
    desk.go("/login")
    for _ in range(5):
        desk.page.fill("#token", "wrong")
        desk.page.click("text=Log in")
        expect(desk.page.get_by_role("alert")).to_have_text("No such token.")
    desk.page.fill("#token", ADMIN)
    desk.page.click("text=Log in")
    expect(desk.page.get_by_role("alert")).to_contain_text("Too many wrong tokens. Try again in")


def test_a_viewer_sees_everything_and_presses_nothing(open_desk: Open, api: Api) -> None:
    api.upload()
    run = api.create()
    desk = open_desk().log_in(VIEWER)
    expect(desk.page.get_by_role("heading", name="fast-cross")).to_be_visible()
    expect(desk.page.get_by_role("button", name="Run fast-cross")).to_have_count(0)
    desk.go(f"/runs/{run['id']}")
    expect(desk.page.get_by_role("button", name="Stop")).to_have_count(0)
    token = desk.page.locator("input[name=csrf_token]").first.input_value()
    refused = desk.page.request.post(
        f"{desk.url}/runs/{run['id']}/stop", form={"csrf_token": token}, headers={"Origin": desk.url}
    )
    assert refused.status == 403
    assert api.get(f"/runs/{run['id']}")["status"] == "pending"


def test_a_form_without_the_sessions_token_changes_nothing(open_desk: Open, api: Api) -> None:
    api.upload()
    desk = open_desk().log_in()
    for form in ({}, {"csrf_token": "x"}):
        answer = desk.page.request.post(
            f"{desk.url}/runs", form={"strategy": "fast-cross", **form}, headers={"Origin": desk.url}
        )
        assert answer.status == 403
    assert api.rows()["runs"] == 0


def test_without_an_api_the_page_says_so_and_comes_back_by_itself(open_desk: Open, api: Api) -> None:
    with dashboard_of("http://127.0.0.1:9") as lonely:
        desk = open_desk(url=lonely)
        desk.go("/login")
        expect(desk.page.get_by_role("status")).to_contain_text("does not answer yet")
        desk.page.context.add_cookies([{"name": "paperfold_session", "value": "s" * 43, "url": lonely}])
        desk.go("/")
        expect(desk.page.locator("h1")).to_have_text("The API does not answer")
        with desk.page.expect_navigation(timeout=10_000):
            pass  # it tries again
