"""Echo: text that others wrote, such as addresses and names of files, made safe before it is printed or logged."""

import logging
import re
import unicodedata

_USER = re.compile(r"://[^\s:@/]*:")
"""The part of an address before the password."""

_TOKEN = re.compile(r"(https?://)[^\s:@/]+@")
"""A token in place of a user, as servers of experiments take it."""

_SECRET = re.compile(r"(?i)\b(\w*(?:password|passwd|pwd|token|secret|api_?key|passfile))(=|%3D)([^\s&;,'\"]+)")
"""A password among the options of an address."""

_DIRECTIONS = "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Marks of the direction of writing, which make a text look like another one."""


def masked(text: str) -> str:
    """A text without the passwords of the addresses in it, whatever else is wrong with them.

    >>> masked("postgresql://me:secret@host:port/name")
    'postgresql://me:***@host:port/name'
    >>> masked("no answer from https://token@host/?password=secret.")
    'no answer from https://***@host/?password=***'
    """
    text = re.sub(r"\S+", _without_password, text) if "://" in text else text
    return _SECRET.sub(r"\1\2***", _TOKEN.sub(r"\1***@", text))


def _without_password(word: re.Match[str]) -> str:
    """A password may hold / and @, so it reaches to the last @ of the word; found without going back, however long the word is."""
    last = word[0].rfind("@")
    before = _USER.search(word[0], 0, max(last, 0))
    return word[0] if before is None else f"{word[0][: before.end()]}***{word[0][last:]}"


def escaped(text: str, keep: str = "\n\t") -> str:
    r"""A text whose control characters, marks of direction and halves of characters are written as escapes, but for those to `keep`.

    >>> print(escaped("cat\x1b[31m\r"), escaped("a\nb", keep=""))
    cat\x1b[31m\x0d a\x0ab
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(character if character in keep or not _is_unsafe(character) else _escape(character) for character in text)


def replaced(text: str) -> str:
    r"""A text of the same length whose control characters are written as one sign each, for a caret under it.

    >>> replaced("relu\x1b[31m")
    'relu�[31m'
    """
    return "".join("\ufffd" if _is_unsafe(character) else character for character in text)


def _is_unsafe(character: str) -> bool:
    return character in _DIRECTIONS or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


class EchoFilter(logging.Filter):
    """Makes the records of a logger safe: no password, and no control character but the newline."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Every record passes, with its message put together."""
        record.msg, record.args = escaped(masked(record.getMessage())), None
        return True
