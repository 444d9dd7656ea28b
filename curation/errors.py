"""The one error that a user's input can cause: a sentence that says where, what was found and what was expected."""


class InputError(Exception):
    """Bad input. The command line prints the message as it stands and exits with code 2.

    The message names the file, line or key, what was found there and what was expected, in one sentence.
    """
