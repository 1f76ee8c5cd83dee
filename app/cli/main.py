"""The commands of `parley`, put together, and the one place where an error becomes a sentence and an exit code."""

import sys
from importlib.metadata import entry_points

import click
import typer

from app.cli.ask import ask
from app.cli.database import migrate_command
from app.cli.doctor import doctor
from app.cli.ingest import ingest_command
from app.cli.lines import classify, screen, search
from app.cli.serve import serve, worker
from app.cli.users import users
from graph.errors import ConfigError, ParleyError

program = typer.Typer(
    name="parley",
    help="A self-hosted support agent that answers from your documents.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
program.command("serve")(serve)
program.command("ask")(ask)
program.command("ingest")(ingest_command)
program.command("search")(search)
program.command("screen")(screen)
program.command("classify")(classify)
program.command("doctor")(doctor)
program.command("migrate")(migrate_command)
program.command("worker")(worker)
program.add_typer(users, name="user")
for entry in entry_points(group="parley.commands"):  # what stands above `app`, such as `parley eval`
    program.add_typer(entry.load(), name=entry.name)


def main() -> None:
    """Run `parley` and leave the process with its exit code."""
    try:
        code = program(standalone_mode=False)
    except click.exceptions.Exit as leave:
        code = leave.exit_code
    except click.ClickException as error:
        error.show()
        code = 2
    except (KeyboardInterrupt, click.Abort):
        code = 130
    except ConfigError as error:
        print(error, file=sys.stderr)
        code = 2
    except ParleyError as error:
        print(error, file=sys.stderr)
        code = 1
    except BrokenPipeError:
        sys.stderr.close()  # whoever read our output has gone: nothing is left to say
        code = 1
    sys.exit(code or 0)
