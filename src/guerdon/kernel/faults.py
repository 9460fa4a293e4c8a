"""What is wrong with a program, told to who wrote it."""

from guerdon.core.errors import GuerdonError


class ProgramFaultError(GuerdonError):
    """A program says something of itself that cannot be: found when it is installed, or when a part of Guerdon starts.

    Args:
        program: its name.
        problem: a sentence in English, which begins with what it is about.
    """

    code = "program-fault"
    status = 500
    message = "The program '{program}' cannot be used: {problem}"
    remedy = "Correct it where the program says what it brings, then start again; nothing was changed."
