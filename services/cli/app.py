"""The command `paperfold`: a table of subcommands, each imported only when it is called.

Rule: nothing heavy is imported here; a command that needs little starts fast.
"""

import importlib

import click

# name -> (module:command, what it does). One line adds a command.
COMMANDS: dict[str, tuple[str, str]] = {
    "up": ("services.cli.up.command:up", "Run the whole system on this machine."),
    "validate": ("services.cli.commands.local:validate", "Every problem of strategy files at once."),
    "explain": ("services.cli.commands.local:explain", "A strategy's plan in words."),
    "schema": ("services.cli.commands.local:schema", "JSON Schema of strategy files, for editors."),
    "backtest": ("services.cli.commands.backtest:backtest", "Run a strategy over recorded bars."),
    "warm": ("services.cli.commands.warm:warm", "Compile strategies before anybody waits for it."),
    "check-lookahead": ("services.cli.commands.checks:check_lookahead", "Do decisions know later bars?"),
    "check-warmup": ("services.cli.commands.checks:check_warmup", "Does more history change decisions?"),
    "strategies": ("services.cli.commands.runs:strategies", "Strategies that a running system knows."),
    "start": ("services.cli.commands.control:start", "Start a run of a strategy."),
    "stop": ("services.cli.commands.control:stop", "End a run."),
    "pause": ("services.cli.commands.control:pause", "No new entries; stops and targets stay."),
    "resume": ("services.cli.commands.control:resume", "Entries again."),
    "close": ("services.cli.commands.control:close", "Close what a run holds; it goes on."),
    "runs": ("services.cli.commands.runs:runs", "Runs, newest first."),
    "show": ("services.cli.commands.runs:show", "One run: what it does, holds and has made."),
    "trades": ("services.cli.commands.runs:trades", "Closed trades of a run."),
    "rules": ("services.cli.commands.runs:rules", "How often each rule of a run held."),
    "export": ("services.cli.commands.runs:export", "A run as the document of `backtest --json`."),
    "tail": ("services.cli.commands.tail:tail", "A run's fills and changes, as they come."),
    "parity": ("services.cli.commands.parity:parity", "Fold a run again from the record, and compare."),
    "keys": ("services.cli.commands.keys:keys", "Tokens of people and programs: list, create, revoke."),
    "history": ("services.cli.commands.history:history", "Recorded minutes: list, verify, import."),
    "db": ("services.cli.commands.db:db", "The database: schema, roles, SQL, backup."),
}


class LazyGroup(click.Group):
    """A group that imports a command when it is called, and none of them to print help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise click.UsageError(f"No such command: {args[0]}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


EPILOG = "Exit codes: 0 done; 1 failed, or not equal; 2 wrong usage or input. `paperfold COMMAND --help` says more."


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EPILOG)
@click.version_option(package_name="paperfold", message="%(prog)s %(version)s")
def paperfold() -> None:
    """Paper trading of declarative crypto strategies; every live run equals its own backtest."""
