"""The program that reads documents apart from Parley: little memory, no files written, no program started.

It takes requests on standard input and answers each on standard output: a line of JSON, and the bytes that it counts.
What a hostile document does to it, it does to nobody else. `app.ingest.parser` starts it and ends it.
"""

import ctypes
import json
import os
import resource
import sys
from contextlib import suppress
from dataclasses import replace
from typing import Any, BinaryIO

from graph.knowledge.document import ParsedDocument, ParseError
from graph.knowledge.parse import parse_file, parse_record

MOST_TEXT_CHARS = 20_000_000
_NOBODY = 65534
_PR_SET_KEEPCAPS, _PR_SET_NO_NEW_PRIVS = 8, 38
_CAPABILITY_VERSION_3 = 0x20080522
_READ = 1 << 2  # CAP_DAC_READ_SEARCH


def limit(memory_bytes: int) -> None:
    """Bound this process: its memory, no byte written to a file, no other process or thread, no core.

    The system lets root start as many processes as it likes. As root this becomes nobody, therefore, who may read all
    files as before, since our modules may lie where only root looks, and nothing else. Where even root may not change
    its user, as in a container without that right, processes are not bounded.
    """
    bounds = {"RLIMIT_AS": memory_bytes, "RLIMIT_FSIZE": 0, "RLIMIT_NPROC": 0, "RLIMIT_CORE": 0}
    for name, bound in bounds.items():
        which = getattr(resource, name)
        hard = resource.getrlimit(which)[1]
        resource.setrlimit(which, (bound if hard == resource.RLIM_INFINITY else min(bound, hard),) * 2)
    if os.getuid() == 0:
        with suppress(PermissionError):
            _become_nobody()


def _become_nobody() -> None:
    """Give up root and all its rights but that to read; see capabilities(7).

    Raises:
        PermissionError: the user may not be changed.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setresgid(_NOBODY, _NOBODY, _NOBODY)
    os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    head = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    rights = (ctypes.c_uint32 * 6)(_READ, _READ, 0, 0, 0, 0)  # effective, permitted, inheritable; then the high halves
    if libc.capset(head, rights):
        raise OSError(ctypes.get_errno(), "The rights of root could not be given up.")


def answer(head: dict[str, Any], data: bytes) -> dict[str, Any]:
    """Read one document; say what it holds, or in `fault` why it cannot be read."""
    try:
        if head["name"] is None:
            document = parse_record(head["title"], data.decode(), head["url"])
        else:
            document = parse_file(head["name"], data)
            document = replace(document, url=document.url or head["url"])
    except ParseError as error:
        return {"fault": str(error)}
    except MemoryError:
        return {"fault": "Reading it takes more memory than a document may."}
    except RecursionError:
        return {"fault": "It is nested too deeply to be read."}
    except Exception as error:  # noqa: BLE001 - a library's fault with one document must not cost the others
        return {"fault": f"It cannot be read ({type(error).__name__}); save it anew or in another format."}
    if sum(len(block.text) for section in document.sections for block in section.blocks) > MOST_TEXT_CHARS:
        return {"fault": f"It holds more than {MOST_TEXT_CHARS // 1_000_000} million characters; cut it into parts."}
    return _written(document)


def _written(document: ParsedDocument) -> dict[str, Any]:
    sections = [
        [section.path, [[block.kind, block.text] for block in section.blocks], section.page]
        for section in document.sections
    ]
    return {"title": document.title, "url": document.url, "sections": sections}


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are no more."""
    while line := requests.readline():
        head = json.loads(line)
        body = json.dumps(answer(head, requests.read(head["bytes"])), ensure_ascii=True).encode()
        answers.write(b"%d\n" % len(body))
        answers.write(body)
        answers.flush()


if __name__ == "__main__":
    limit(int(sys.argv[1]))
    channel = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    serve(sys.stdin.buffer, channel)
