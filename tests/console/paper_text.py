"""The words on each page of a PDF as Chromium writes them: its fonts' own maps from glyphs to letters, applied to what each page draws."""

import re
import unicodedata
import zlib

OBJECT = re.compile(rb"(\d+) 0 obj\b(.*?)\bendobj", re.DOTALL)


def pages(paper: bytes) -> list[str]:
    """The text of every page, without its blanks: letters are placed one by one."""
    objects = {int(number): body for number, body in OBJECT.findall(paper)}
    found = []
    for body in objects.values():
        if re.search(rb"/Type\s*/Page\b", body):
            contents = re.search(rb"/Contents (\d+) 0 R", body)
            assert contents is not None
            found.append(_drawn(_stream(objects[int(contents[1])]), _fonts(objects, body)))
    return found


def _fonts(objects: dict[int, bytes], page: bytes) -> dict[bytes, dict[int, str]]:
    inside = page
    if (named := re.search(rb"/Resources (\d+) 0 R", page)) is not None:
        inside = objects[int(named[1])]
    table = re.search(rb"/Font\s*<<(.*?)>>", inside, re.DOTALL)
    made = {}
    for name, number in re.findall(rb"/(\w+) (\d+) 0 R", table[1] if table else b""):
        letters = re.search(rb"/ToUnicode (\d+) 0 R", objects[int(number)])
        made[name] = _letters(_stream(objects[int(letters[1])])) if letters else {}
    return made


def _letters(cmap: bytes) -> dict[int, str]:
    made = {}
    for part in re.findall(rb"beginbfchar(.*?)endbfchar", cmap, re.DOTALL):
        for glyph, letter in re.findall(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", part):
            made[int(glyph, 16)] = bytes.fromhex(letter.decode()).decode("utf-16-be")
    for part in re.findall(rb"beginbfrange(.*?)endbfrange", cmap, re.DOTALL):
        for low, high, letter in re.findall(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", part):
            for n in range(int(low, 16), int(high, 16) + 1):
                made[n] = chr(int(letter, 16) + n - int(low, 16))
    return made


def _drawn(content: bytes, fonts: dict[bytes, dict[int, str]]) -> str:
    said, font = [], dict[int, str]()
    for name, text in re.findall(rb"/(\w+) [\d.]+ Tf|<([0-9A-Fa-f]+)>", content):
        if name:
            font = fonts.get(name, {})
        else:
            said += [font.get(int(text[n : n + 4], 16), "") for n in range(0, len(text), 4)]
    return unicodedata.normalize("NFKC", "".join(said)).replace(" ", "")


def _stream(body: bytes) -> bytes:
    raw = body.partition(b"stream")[2].lstrip(b"\r\n").rpartition(b"endstream")[0]
    return zlib.decompressobj().decompress(raw) if b"/FlateDecode" in body else raw
