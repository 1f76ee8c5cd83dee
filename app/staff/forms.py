"""What a form of ours sends, and the proof that it was our form that sent it."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import parse_qsl

from starlette.requests import Request

from app.access.keys import derived_key

TOKEN = "form_token"  # noqa: S105 - the name of the field
_MOST_FIELDS = 500


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form, as they were typed.

    Attributes:
        errors: what is wrong with a field, in one sentence, by its name; "" is the form as a whole.
    """

    fields: Mapping[str, list[str]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        """The first value of a field; empty without one."""
        return (self.fields.get(name) or [""])[0]

    def all(self, name: str) -> list[str]:
        """All values of a field."""
        return list(self.fields.get(name, ()))

    def wrong(self, name: str, sentence: str) -> None:
        """Note what is wrong with a field, unless something else is already."""
        self.errors.setdefault(name, sentence)

    @property
    def first_wrong(self) -> str:
        """The first field with an error, which gets the focus; empty without one."""
        return next(iter(self.errors), "")

    def two_passwords(self) -> str:
        """The password that was typed twice."""
        if self["password"] != self["again"]:
            self.wrong("again", "The two passwords differ; type them again.")
        return self["password"]


async def read_form(request: Request) -> Form:
    """Read the fields of a request. Its size is the gate's to bound."""
    try:
        pairs = parse_qsl((await request.body()).decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except (UnicodeDecodeError, ValueError):
        return Form()
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value.replace("\0", ""))
    return Form(fields)


def token_for(secret: bytes, owner: bytes) -> str:
    """What a form of ours holds: nobody else can make it for this session, or this browser."""
    return hmac.new(derived_key(secret, "staff form"), owner, sha256).hexdigest()


def is_ours(secret: bytes, owner: bytes, form: Form) -> bool:
    """Whether a form was ours and for this session, or this browser."""
    return bool(owner) and hmac.compare_digest(form[TOKEN].encode(), token_for(secret, owner).encode())
