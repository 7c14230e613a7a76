"""One classical method by its name, where a linear operator is given."""

from typing import Literal

from dipcli.errors import OptionError

MethodName = Literal["auto", "pnp", "tv"]
ONE_METHOD = (
    "One classical method alone: patch groups in turn with what was measured (plug-and-play; Venkatakrishnan et "
    "al. 2013), or total variation (Rudin et al. 1992)."
)


def refuse_share(method: MethodName, classical: float | None) -> None:
    """Raise OptionError for the share of a network that is not fitted."""
    if method != "auto" and classical not in (None, 1):
        raise OptionError(f"--method {method} fits no network to share with; leave --classical out.")
