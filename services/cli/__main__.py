"""`paperfold`: exit codes 0 ok, 1 failed, 2 usage or bad input."""

import os
import sys
from collections.abc import Sequence

import click

from services.cli.app import paperfold
from shared.domain.errors import InputError, PaperfoldError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and answer its exit code; errors that we raise on purpose become a line on stderr."""
    try:
        code = paperfold.main(args=arguments, prog_name="paperfold", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.Abort:
        return 1
    except BrokenPipeError:  # `paperfold runs | head`: nobody reads on, and Python must not try at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except InputError as error:
        click.echo(f"paperfold: {error}", err=True)
        return 2
    except PaperfoldError as error:
        click.echo(f"paperfold: {error}", err=True)
        return 1
    return code if isinstance(code, int) else 0


if __name__ == "__main__":
    sys.exit(main())
