"""What a user can cause and mend. Every message is one sentence: what, where, what to do."""


class DipcliError(Exception):
    """A failure that its message explains; caught in exactly one place, `dipcli.batch.run`."""


class InputError(DipcliError):
    """A file that cannot be read, or cannot be used for what was asked."""


class OutputError(DipcliError):
    """A file that cannot be written, or must not be written over."""


class OptionError(DipcliError):
    """Options that do not fit each other or the data; a usage error."""


class DivergedError(DipcliError):
    """The descent left the finite numbers and did not come back."""


class Interrupted(DipcliError):  # noqa: N818 - no mistake was made
    """The work was left in good order because of a signal; a checkpoint lets it go on."""
