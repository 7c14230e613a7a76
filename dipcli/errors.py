"""What a user can cause and mend. Every message is one sentence: what, where, what to do."""


class DipcliError(Exception):
    """A failure that its message explains; of a whole call it is said in one place, `dipcli.cli.expand`."""

    exit_code = 1


class InputError(DipcliError):
    """A file that cannot be read, or cannot be used for what was asked."""


class OutputError(DipcliError):
    """A file that cannot be written, or must not be written over."""


class InUseError(OutputError):
    """A file that another process is writing."""


class OptionError(DipcliError):
    """Options that do not fit each other or the data; a usage error."""

    exit_code = 2


class DivergedError(DipcliError):
    """The descent left the finite numbers and did not come back."""


class Interrupted(DipcliError):  # noqa: N818 - no mistake was made
    """The work was left in good order because of a signal; a checkpoint lets it go on."""

    exit_code = 75
