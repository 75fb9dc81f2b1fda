"""What the API's words mean to a reader: labels, tones, explanations. Unknown words are shown as they are."""

from typing import Any, NamedTuple

from flask import Flask

Json = dict[str, Any]


class Word(NamedTuple):
    label: str
    tone: str  # CSS class: ok | busy | warn | bad | off
    meaning: str = ""


STATUS = {
    "pending": Word("pending", "busy", "Created; no runner has taken it yet."),
    "warming": Word("warming up", "busy", "The history that its indicators need is being fetched."),
    "running": Word("running", "ok", "A runner folds every new bar."),
    "paused": Word("paused", "warn", "No new entries; stops and targets stay."),
    "stopping": Word("stopping", "busy", "Stops at the next minute."),
    "stopped": Word("stopped", "off", "Somebody stopped it. Its record stays."),
    "finished": Word("finished", "off", "It came to its end."),
    "superseded": Word(
        "superseded", "off", "A newer engine decides differently: it came to its end, and its record stays."
    ),
    "failed": Word("failed", "bad", "It could not go on."),
    "diverged": Word("diverged", "bad", "A second fold decided differently from the record."),
}
ENDED = ("stopped", "finished", "superseded", "failed", "diverged")
TROUBLED = ("failed", "diverged")

HEALTH = {
    "ok": Word("ok", "ok"),
    "stale": Word("no new bars", "bad", "Its last bar is older than it should be: the feed or its runner is late."),
    "waiting_for_runner": Word("waits for a runner", "warn", "Every runner is full, or none is up."),
    "waiting_for_history": Word("waits for history", "busy", "The bars before its start are still being fetched."),
}

REASONS = {
    "insufficient_data": "not enough data yet",
    "zero_variance": "every value is the same",
    "no_trades": "no closed trade yet",
    "no_losing_trades": "no losing trade yet",
    "no_winning_trades": "no winning trade yet",
    "no_losing_days": "no losing day yet",
    "no_drawdown": "equity has never been below its peak",
    "not_recovered": "the peak before it has not been reached again",
    "non_positive_equity": "equity was zero or below",
}

EXITS = {
    "stop": Word("stop", "bad", "Stop loss"),
    "target": Word("target", "ok", "Take profit"),
    "exit": Word("exit", "off", "An exit rule"),
    "reversal": Word("reversal", "off", "Closed to open the other side"),
    "trailing": Word("trailing", "warn", "Trailing stop"),
    "breakeven": Word("break-even", "warn", "Stop moved to the entry"),
    "time_exit": Word("time", "off", "Held for as long as allowed"),
    "protection": Word("protection", "warn", "Equity protection"),
    "daily_loss": Word("daily loss", "warn", "The day's loss limit"),
    "stop_command": Word("stopped", "off", "Somebody stopped the run"),
    "close_command": Word("closed", "off", "Somebody closed the position"),
    "liquidation": Word("liquidation", "bad", "Equity was used up"),
}

NOTES = {
    "both_sides": "Long and short entry were both true: neither was taken.",
    "same_side_dropped": "An entry on the side that is already open was dropped.",
    "rung_passed_over": "A partial exit was already passed at the entry.",
    "rung_beyond_target": "A partial exit lies beyond the target and was left out.",
    "no_target": "No level to take profit at was found.",
    "suspended": "Protection stopped new entries.",
    "resumed": "Protection allows entries again.",
    "finished": "The run came to its end.",
    "stopped": "The run was stopped.",
    "paused": "The run was paused.",
    "unpaused": "The run was resumed.",
    "daily_loss": "The day's loss limit was reached: no new entries before the next UTC day.",
    "consecutive_losses": "Too many losses in a row: no new entries for a while.",
}

# Said above a page after a form was sent: by key, so that an address can never bring text of its own.
SAID = {
    "started": "The run is started.",
    "stop": "Stop is accepted: it acts at the next minute.",
    "pause": "Pause is accepted: from the next minute on there are no new entries.",
    "resume": "Resume is accepted: it acts at the next minute.",
    "close": "Close is accepted: the position is closed at the next minute's open.",
    "saved": "The strategy is saved.",
    "known": "This text was already known; nothing has changed.",
    "logged-out": "You are logged out.",
}


def status(word: str) -> Word:
    return STATUS.get(word, Word(word, "off"))


def health(word: str) -> Word:
    return HEALTH.get(word, Word(word, "warn"))


def exit_word(word: str) -> Word:
    if word.startswith("partial_"):
        return Word(f"partial {word.removeprefix('partial_')}", "ok", "A rung of the ladder of partial exits")
    return EXITS.get(word, Word(word.replace("_", " "), "off"))


def why_missing(reason: str | None) -> str:
    return "not known" if reason is None else REASONS.get(reason, reason.replace("_", " "))


def install(app: Flask) -> None:
    app.jinja_env.globals.update(
        status_word=status, health_word=health, exit_word=exit_word, ended=ENDED, said=SAID, note_words=NOTES
    )
