"""When commands act in the reference."""

import pytest

from tests.support.by_hand import FREE, MINUTE, backtest, bars, reasons, strategy


@pytest.mark.parametrize(
    ("commands", "expected", "status"),
    [
        pytest.param([(2 * MINUTE, 1, "stop", {"close_position": False})], ["entry"], "stopped", id="stop and keep"),
        pytest.param(
            [(2 * MINUTE, 1, "stop", {"close_position": True})],
            ["entry", "stop_command"],
            "stopped",
            id="stop and close",
        ),
        pytest.param([(2 * MINUTE, 1, "close_position", None)], ["entry", "close_command"], "open", id="close"),
        pytest.param([(MINUTE, 1, "pause", None)], [], "open", id="a pause cancels the entry that waits"),
        pytest.param([(0, 1, "pause", None), (MINUTE, 2, "resume", None)], [], "open", id="resumed too late for it"),
        pytest.param([(2 * MINUTE, 1, "pause", None)], ["entry", "exit"], "open", id="a pause lets exits through"),
    ],
)
def test_commands_act_at_the_open_of_their_minute(commands, expected, status):
    logic = "entry_long: ['close == 100'], exit_long: ['close == 103']"
    result = backtest(strategy(FREE, logic=logic), bars(100, 101, 102, 103, 104), commands=commands)
    assert (reasons(result), result["status"]) == (expected, status)


def test_a_close_command_lets_a_waiting_entry_go_on():
    logic = "entry_long: ['close == 100'], exit_long: ['close == 99'], entry_short: ['close == 99']"
    result = backtest(
        strategy(FREE, logic=logic), bars(100, 100, 99, 98), commands=[(3 * MINUTE, 7, "close_position", None)]
    )
    assert reasons(result) == ["entry", "exit", "entry"]
