"""Reads the YAML that DataSurface's generator writes. Nobody says that the image has a YAML library, so this reads what such files consist of:
documents of mappings and lists by indentation, texts with and without quotes, `[a, b]` and `{}` on one line, literal blocks, comments.
Every scalar is a text. What it does not know is an error with the line, never a guess."""

from __future__ import annotations

import json
import re
from typing import NoReturn

Node = str | None | list["Node"] | dict[str, "Node"]

_KEY = re.compile(
    r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s"'\[\]{},#&*!|>%@`-](?:[^:#]|:(?=\S)|(?<=\S)\#)*?|-[^\s:#][^:#]*?)\s*:(?:\s+(.*)|)"""
)
_BLOCK = re.compile(r"([|>])([+-]?)")
_DEEPEST = 60
_LONGEST_LINE = 10_000


class NotRead(Exception):
    """The text is none that this reads."""


def documents(text: str) -> list[Node]:
    """The documents of a file that have any content."""
    found: list[Node] = []
    start = 0
    lines = text.splitlines()
    for number in range(len(lines) + 1):
        if number == len(lines) or re.fullmatch(r"---(\s+#.*|\s*)", lines[number]):
            reader = _Reader(lines[start:number], start)
            if reader.peek() is not None:
                found.append(reader.document())
            start = number + 1
    return found


class _Reader:
    def __init__(self, lines: list[str], offset: int) -> None:
        self._lines = lines
        self._offset = offset
        self._next = 0

    def document(self) -> Node:
        node = self._node(0)
        if self.peek() is not None:
            self._fail("is indented less than what it belongs to")
        return node

    def peek(self) -> tuple[int, str] | None:
        """Indentation and content of the next line that has any."""
        while self._next < len(self._lines):
            line = self._lines[self._next]
            content = line.strip(" ")
            if content and not content.startswith("#"):
                if len(line) > _LONGEST_LINE:
                    self._fail(f"is longer than {_LONGEST_LINE} characters")
                if "\t" in line[: len(line) - len(line.lstrip())]:
                    self._fail("is indented by a tab")
                return len(line) - len(line.lstrip(" ")), content
            self._next += 1
        return None

    def _fail(self, what: str) -> NoReturn:
        raise NotRead(f"line {self._offset + min(self._next, len(self._lines) - 1) + 1} {what}")

    def _node(self, depth: int) -> Node:
        if depth > _DEEPEST:
            self._fail(f"lies more than {_DEEPEST} levels deep")
        here = self.peek()
        assert here is not None
        indent, content = here
        if content == "-" or content.startswith("- "):
            return self._sequence(indent, depth)
        if _KEY.fullmatch(content):
            return self._mapping(indent, depth)
        self._next += 1
        return self._scalar(content)

    def _sequence(self, indent: int, depth: int) -> list[Node]:
        items: list[Node] = []
        while (here := self.peek()) is not None and here[0] == indent and (here[1] == "-" or here[1].startswith("- ")):
            rest = here[1][1:].lstrip(" ")
            if not rest or rest.startswith("#"):
                self._next += 1
                items.append(self._below(indent, depth))
            elif _BLOCK.fullmatch(rest):
                self._next += 1
                items.append(self._literal(rest, indent))
            else:
                # The item is a node whose first line begins behind the hyphen.
                self._lines[self._next] = " " * (indent + len(here[1]) - len(rest)) + rest
                items.append(self._node(depth + 1))
        return items

    def _mapping(self, indent: int, depth: int) -> dict[str, Node]:
        pairs: dict[str, Node] = {}
        while (
            (here := self.peek()) is not None and here[0] == indent and not here[1].startswith("- ") and here[1] != "-"
        ):
            found = _KEY.fullmatch(here[1])
            if found is None:
                self._fail("is no `key: value`")
            key, value = self._scalar(found[1]), (found[2] or "").strip()
            if not isinstance(key, str) or key in pairs:
                self._fail(f"has the key {found[1]} again")
            self._next += 1
            if _BLOCK.fullmatch(value):
                pairs[key] = self._literal(value, indent)
            elif value and not value.startswith("#"):
                pairs[key] = self._scalar(value, back=1)
            else:
                following = self.peek()
                # A list may stand as far to the left as its key.
                own = (
                    following is not None
                    and following[0] == indent
                    and (following[1] == "-" or following[1].startswith("- "))
                )
                pairs[key] = self._sequence(indent, depth + 1) if own else self._below(indent, depth)
        if here is not None and here[0] > indent:
            self._fail("is indented more than what it belongs to")
        return pairs

    def _below(self, indent: int, depth: int) -> Node:
        following = self.peek()
        return self._node(depth + 1) if following is not None and following[0] > indent else None

    def _literal(self, header: str, indent: int) -> str:
        """A literal block; of a folded one the line ends stay, too. Line ends at its end are left out."""
        taken: list[str] = []
        margin = 0
        while self._next < len(self._lines):
            line = self._lines[self._next]
            if line.strip(" "):
                own = len(line) - len(line.lstrip(" "))
                margin = margin or own
                if own <= indent or own < margin:
                    break
            taken.append(line[margin:] if margin else "")
            self._next += 1
        return "\n".join(taken).rstrip("\n")

    def _scalar(self, text: str, back: int = 0) -> Node:
        self._next -= back
        node, rest = self._flow(text.strip(), 0)
        rest = rest.strip()
        if rest and not rest.startswith("#"):
            self._fail(f"has more than one value: {rest[:40]!r}")
        self._next += back
        return node

    def _flow(self, text: str, depth: int) -> tuple[Node, str]:
        """A value at the beginning of the text, and what follows it."""
        if text.startswith('"'):
            found = re.match(r'"(?:[^"\\]|\\.)*"', text)
            if found is None:
                self._fail("has a quote that does not end on it")
            try:
                return str(json.loads(found[0])), text[found.end() :]
            except ValueError:
                self._fail(f"has a text in quotes that is not read: {found[0][:40]}")
        if text.startswith("'"):
            found = re.match(r"'(?:[^']|'')*'", text)
            if found is None:
                self._fail("has a quote that does not end on it")
            return found[0][1:-1].replace("''", "'"), text[found.end() :]
        if text.startswith("["):
            return self._flow_list(text[1:].lstrip(), depth + 1)
        if text.startswith("{"):
            if not text[1:].lstrip().startswith("}"):
                self._fail("has a mapping in braces")
            return {}, text[1:].lstrip()[1:]
        if text[:1] in "&*!|>%@`":
            self._fail(f"begins a value with {text[:1]!r}")
        # Inside of brackets a comma ends it.
        end = re.search(r"\s#|[,\]]" if depth else r"\s#", text)
        plain = text[: end.start()] if end else text
        return plain.strip(), text[len(plain) :]

    def _flow_list(self, text: str, depth: int) -> tuple[Node, str]:
        if depth > _DEEPEST:
            self._fail(f"lies more than {_DEEPEST} levels deep")
        items: list[Node] = []
        while text and not text.startswith("]"):
            item, rest = self._flow(text, depth)
            items.append(item)
            text = rest.lstrip()
            if text.startswith(","):
                text = text[1:].lstrip()
            elif not text.startswith("]"):
                break
        if not text.startswith("]"):
            self._fail("has a bracket that does not end on it")
        return items, text[1:]
