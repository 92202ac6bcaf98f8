"""What a file of pickled weights will make its reader do, looked at before it is read: a small one may inflate."""

from __future__ import annotations

import pickletools
import zipfile
from itertools import islice
from pathlib import Path

from archs.errors import WeightsError

#: Of the pickle alone, without the tensors: far more than names and shapes take.
MAX_PICKLE = 2 * 1024 * 1024
#: Pickles at the beginning of a file in the format that PyTorch wrote before archives.
OLD_PICKLES = 5
#: Encodings that make bytes of bytes, again and again.
_INFLATING = {
    *("base64", "base64_codec", "base_64", "bz2", "bz2_codec", "hex", "hex_codec", "quopri", "quopri_codec"),
    *("quoted_printable", "quotedprintable", "uu", "uu_codec", "zip", "zlib", "zlib_codec"),
}


def check_pickle(path: Path, shown: str) -> None:
    """Raises: WeightsError: the file is compressed, longer inside than outside, or makes more than it holds.

    Args:
        path: the file; that it is one, and how long it is, has been looked at.
        shown: what sentences call it.
    """
    if zipfile.is_zipfile(path):
        content = _of_archive(path, shown)
    else:
        with path.open("rb") as file:
            content = _beginning(file.read(MAX_PICKLE), shown)
    if b"bytearray" in content:
        raise WeightsError(f"{shown} was refused: it asks for bytearray, while weights need tensors only.")
    if b"_codecs" in content and _INFLATING & _words(content):
        raise WeightsError(f"{shown} was refused: it asks for bytes that are encoded, while weights need tensors only.")


def _of_archive(path: Path, shown: str) -> bytes:
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
        if any(part.compress_type != zipfile.ZIP_STORED for part in parts):
            raise WeightsError(f"{shown} is compressed, which PyTorch's files are not: unpack it, and save it anew.")
        if sum(part.file_size for part in parts) > path.stat().st_size:
            raise WeightsError(f"{shown} says that it holds more than its own size, and is damaged.")
        found = [part for part in parts if part.filename.endswith(".pkl")]
        if any(part.file_size > MAX_PICKLE for part in found):
            raise WeightsError(f"{shown} names more tensors than any network has: its list takes over 2 MiB.")
        return b"".join(archive.read(part) for part in found)


def _beginning(content: bytes, shown: str) -> bytes:
    """The pickles in front of the tensors."""
    end = 0
    try:
        for _ in range(OLD_PICKLES):
            *_, (_, _, last) = pickletools.genops(content[end:])
            end += (last or 0) + 1
    except ValueError:
        if len(content) == MAX_PICKLE:
            raise WeightsError(f"{shown} names more tensors than any network has: its list takes over 2 MiB.") from None
    return content[:end] if end else content


def _words(content: bytes) -> set[str]:
    """The words that stand in a pickle, up to where it is damaged."""
    words: set[str] = set()
    try:
        for _, said, _ in islice(pickletools.genops(content), MAX_PICKLE):
            if isinstance(said, (str, bytes)):
                text = said if isinstance(said, str) else said.decode(errors="replace")
                words.add(text.lower().replace("-", "_").replace(" ", "_"))
    except ValueError:
        pass
    return words
