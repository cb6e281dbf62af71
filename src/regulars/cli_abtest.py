"""The commands `regulars abtest ...`: size and duration of a test, designs tried on simulated truth, the test's data."""

from __future__ import annotations

import typer

abtest = typer.Typer(
    name="abtest",
    help="Plan an A/B test, rehearse it on simulated truth, analyze its data.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@abtest.callback()
def about() -> None:
    """Plan an A/B test, rehearse it on simulated truth, analyze its data."""
