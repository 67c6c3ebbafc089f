"""Lists of words of the ten languages of Language (B.2), from Debian's packages or from your own text files."""

import gettext
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from struct import error as StructError  # noqa: N812

from einspace.disk.regular import size_of
from einspace.errors import DataError
from einspace.files import read
from einspace.tasks import TASKS

LANGUAGES = TASKS["language"].labels
"""The languages in the order of the labels, 0 to 9."""

LETTERS = "abcdefghijklmnopqrstuvwx"

PACKAGES = {
    "en": ("wamerican", "usr/share/dict/american-english"),
    "nl": ("wdutch", "usr/share/dict/dutch"),
    "de": ("wngerman", "usr/share/dict/ngerman"),
    "es": ("wspanish", "usr/share/dict/spanish"),
    "fr": ("wfrench", "usr/share/dict/french"),
    "pt": ("wportuguese", "usr/share/dict/portuguese"),
    "sw": ("hunspell-sw", "usr/share/hunspell/sw_TZ.dic"),
    "zu": ("libreoffice-l10n-zu", "usr/lib/libreoffice/program/resource/zu/LC_MESSAGES"),
    "fi": ("dict-freedict-fin-eng", "usr/share/dictd/freedict-fin-eng.index"),
    "sv": ("wswedish", "usr/share/dict/swedish"),
}
"""The Debian package of each language, and the path below the root of its words."""

_USABLE = re.compile(f"[{LETTERS}]{{6}}")
_WORD = re.compile(r"[^\W\d_]+")


def read_words(source: Path) -> dict[str, list[str]]:
    """The usable words of each language, sorted: six letters a to x as they are written, so no name and no German noun.

    `source` is a root below which Debian's packages are installed or unpacked; a text file `en.txt`, one word a line, stands in for a
    language's package. Raises DataError that names the language, the package and the path if there is neither, or no usable word.
    """
    return {language: _language(source, language) for language in LANGUAGES}


def _language(source: Path, language: str) -> list[str]:
    package, place = PACKAGES[language]
    path = source / f"{language}.txt"
    take: Callable[[Path], Iterable[str]] = _lines
    if not path.is_file():
        path, take = source / place, _READERS.get(language, _lines)
    if not path.exists():
        raise DataError(f"no words of {language}: {source} holds neither {place} (Debian package {package}) nor {language}.txt")
    found = sorted({word for word in take(path) if _USABLE.fullmatch(word)})
    if len(found) < 20:
        raise DataError(f"{path} holds {len(found)} words of six letters a to x; at least 20 are needed of each language")
    return found


def _lines(path: Path) -> Iterable[str]:
    """One word a line, in UTF-8 or in ISO 8859-1."""
    content = read(path)
    try:
        return content.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        return content.decode("latin-1").splitlines()


def _stems(path: Path) -> Iterable[str]:
    """A hunspell dictionary: stems before a slash and their flags."""
    return (word.split("/")[0] for word in _lines(path))


def _headwords(path: Path) -> Iterable[str]:
    """The index of a dictionary of dictd: headword, offset and length between tabs."""
    return (line.split("\t")[0] for line in read(path).decode("utf-8", "replace").splitlines())


def _translations(path: Path) -> Iterable[str]:
    """Words of the translated messages of a program, less those of the English messages that stand beside them."""
    theirs: set[str] = set()
    english: set[str] = set()
    for file in sorted(path.glob("*.mo")):
        try:
            size_of(file)
            with file.open("rb") as stream:
                catalogue = gettext.GNUTranslations(stream)
        except (OSError, UnicodeDecodeError, StructError) as error:
            raise DataError(f"cannot read {file}: it is not a catalogue of messages ({error})") from None
        for key, message in catalogue._catalog.items():  # type: ignore[attr-defined]  # gettext has no other way to list them
            theirs.update(word.lower() for word in _WORD.findall(message))
            english.update(word.lower() for word in _WORD.findall(key if isinstance(key, str) else key[0]))
    return theirs - english


_READERS: dict[str, Callable[[Path], Iterable[str]]] = {"sw": _stems, "zu": _translations, "fi": _headwords}
