"""The one error that reading a model's file can end with, besides the operating system's."""


class Malformed(ValueError):  # noqa: N818 - reads better where it is raised
    """A file is not what its format asks for; the message says what is wrong, in one sentence."""
