"""The commands of `parley`, and the one place where an error becomes a sentence and an exit code."""

import sys
from importlib import import_module
from importlib.metadata import entry_points, version

import typer
from typer.exceptions import TyperException

from graph.errors import ConfigError, ParleyError

COMMANDS = {
    "serve": ("app.cli.serve:serve", "Serve the chat page."),
    "ask": ("app.cli.ask:ask", "Ask a question and print the answer with its sources."),
    "ingest": ("app.cli.ingest:ingest_command", "Read documents and store what is new or changed."),
    "reindex": ("app.cli.reindex:reindex", "Encode all passages with another encoder, beside the old vectors."),
    "search": ("app.cli.lines:search", "Search a site's documents."),
    "screen": ("app.cli.lines:screen", "Screen texts for injection and personal data."),
    "classify": ("app.cli.lines:classify", "Tell what messages want."),
    "intents": ("app.cli.intents:intents", "What messages to a site can want: train, look at, choose, correct."),
    "guards": ("app.cli.guards:guards", "The screen of what visitors write: fit it to a site."),
    "site": ("app.cli.sites:sites", "The websites and products that this installation serves."),
    "token": ("app.cli.tokens:tokens", "Service tokens, which programs show to use the API."),
    "user": ("app.cli.users:users", "People who may sign in."),
    "wishes": ("app.cli.wishes:wishes", "Who asked for a person, or left a message."),
    "erase": ("app.cli.visitors:erase_command", "Erase a visitor, and print a certificate."),
    "export": ("app.cli.visitors:export_command", "Print everything that is stored of a visitor."),
    "retention": ("app.cli.retention:retention", "Remove what is older than its site keeps it."),
    "audit": ("app.cli.audit:audit", "What was done with people's data and keys."),
    "figures": ("app.cli.figures:figures", "Figures of a site that may leave, with noise that protects each visitor."),
    "keys": ("app.cli.keys:keys", "The keys that personal data is encrypted with."),
    "models": ("app.cli.models:models", "The models that answer: what they take, and the files of local ones."),
    "backup": ("app.cli.backup:backup_command", "Back the database up while Parley runs."),
    "restore": ("app.cli.backup:restore_command", "Fill an empty database from a backup."),
    "doctor": ("app.cli.doctor:doctor", "Check each part and say what to do about it."),
    "migrate": ("app.cli.database:migrate_command", "Create or upgrade the tables."),
    "worker": ("app.cli.serve:worker", "Work off background jobs."),
}
"""Where each command is, and what its line in the help says. A command is imported when it is run: all of them together
take seconds."""


def main() -> None:
    """Run `parley` and leave the process with its exit code."""
    if sys.argv[1:] == ["--version"]:
        print(f"parley {version('parley')}")
        sys.exit()
    try:
        code = _program(next((word for word in sys.argv[1:] if not word.startswith("-")), ""))(standalone_mode=False)
    except typer.Exit as leave:
        code = leave.exit_code
    except TyperException as error:
        said = getattr(error, "format_message", error.__str__)()
        print(said if said.startswith("Usage:") else f"{said.rstrip('.')}. See `parley --help`.", file=sys.stderr)
        code = 2
    except (KeyboardInterrupt, typer.Abort):
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


def _program(wanted: str) -> typer.Typer:
    """All commands, of which only the wanted one is imported; the others are there for the help."""
    program = typer.Typer(
        name="parley",
        help="A self-hosted support agent that answers from your documents.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    places = {name: (place, text) for name, (place, text) in COMMANDS.items()}
    for entry in entry_points(group="parley.commands"):  # of packages that stand above `app`
        places[entry.name] = (entry.value, "Measure speed and quality on data of your own choice.")
    for name, (place, text) in places.items():
        if name != wanted:
            program.command(name, help=text)(_not_imported)
            continue
        module, _, attribute = place.partition(":")
        target = getattr(import_module(module), attribute)
        if isinstance(target, typer.Typer):
            program.add_typer(target, name=name, help=text)
        else:
            program.command(name)(target)
    return program


def _not_imported() -> None:
    raise AssertionError("a command that was not asked for cannot run")
