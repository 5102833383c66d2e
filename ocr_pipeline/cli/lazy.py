"""Commands that are imported when they are called: `ocr-pipeline --help` needs only their names and summaries."""

import inspect
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command


class LazyCommand(TyperCommand):
    """Name and summary of a command; `load` gives the command itself.

    `target` is `module:function` in `ocr_pipeline.cli`. `renamed` maps old option names to the current ones. `before`: the
    same as `target`, called before the command is imported.
    """

    def __init__(
        self, name: str, target: str, summary: str, renamed: Mapping[str, str] | None = None, before: str | None = None
    ) -> None:
        super().__init__(name, help=summary, rich_markup_mode="rich")
        self.target, self.before = target, before
        self.renamed = renamed or {}

    def load(self) -> Any:
        """Import the module and build the command with its options."""
        from ocr_pipeline.collecting import collection_paused

        if self.before:
            _imported(self.before)()
        app = typer.Typer(add_completion=False, rich_markup_mode="rich")
        with collection_paused():
            callback = _imported(self.target)
        paragraphs = (inspect.getdoc(callback) or "").split("\n\n")
        # Typer would print the line breaks of the source.
        app.command(self.name, help="\n\n".join(" ".join(text.split()) for text in paragraphs))(callback)
        return get_command(app)


def _imported(target: str) -> Any:
    module, _, function = target.partition(":")
    return getattr(import_module(f"ocr_pipeline.cli.{module}"), function)


class LazyGroup(TyperGroup):
    """A group of lazy commands. `renamed` maps old command names to the current ones; `default` is the command that is meant
    where none is named."""

    def __init__(
        self, *, renamed: Mapping[str, str] | None = None, default: str | None = None, **settings: Any
    ) -> None:
        super().__init__(**{"rich_markup_mode": "rich", "no_args_is_help": default is None, **settings})
        self.renamed = renamed or {}
        self.default = default

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if self.default and (not args or (args[0].startswith("-") and args[0] != "--help")):
            args = [self.default, *args]
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The command that `args` names, loaded, and its arguments. Old names work and are answered on stderr."""
        if args[0] in self.renamed:
            args = [
                _renamed(
                    args[0], self.renamed[args[0]], f"ocr-pipeline {self.name} " if ctx.parent else "ocr-pipeline "
                ),
                *args[1:],
            ]
        name, command, rest = super().resolve_command(ctx, args)
        if isinstance(command, LazyCommand):
            return name, command.load(), [_current_option(argument, command.renamed) for argument in rest]
        return name, command, rest


def _current_option(argument: str, renamed: Mapping[str, str]) -> str:
    """`--old=value` and `-ovalue` keep their value."""
    option = argument.partition("=")[0] if argument.startswith("--") else argument[:2]
    return _renamed(option, renamed[option]) + argument.removeprefix(option) if option in renamed else argument


def _renamed(old: str, new: str, group: str = "") -> str:
    typer.echo(f"`{group}{old}` is now `{group}{new}`; the old name will be removed in the next release.", err=True)
    return new
