"""Markdown for a page that takes each line's end for a break, as Chainlit's does."""

from markdown_it import MarkdownIt

_HARD = ("  ", "\\")
"""Ends of lines after which Markdown itself breaks."""


def flowing(markdown: str) -> str:
    """The same text with each paragraph on one line, whatever it stands in."""
    lines = markdown.splitlines()
    goes_on = {
        row
        for token in MarkdownIt("commonmark").enable("table").parse(markdown)
        if token.type == "paragraph_open" and token.map
        for row in range(token.map[0] + 1, token.map[1])
        if not lines[row - 1].endswith(_HARD)
    }
    joined: list[str] = []
    for row, line in enumerate(lines):
        if row in goes_on:
            joined[-1] = f"{joined[-1].rstrip()} {line.lstrip(' >')}"
        else:
            joined.append(line)
    return "\n".join(joined)
