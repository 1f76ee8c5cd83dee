"""Where a sign-in leads: to a page for staff, whatever its address asks for."""

import pytest

from app.staff.door import next_path


@pytest.mark.parametrize("asked", ["/staff", "/staff/sites/shop", "/staff/account"])
def test_a_page_for_staff_is_gone_to(asked: str) -> None:
    assert next_path(asked) == asked


@pytest.mark.parametrize(
    "asked",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "/staff//evil.example",
        "/staff/../login",
        "/staff/./sign-in",
        "/staff/sign-in",
        "/staffing",
        "/staff?next=x",
        "javascript:alert(1)",
    ],
)
def test_anything_else_is_the_first_page(asked: str) -> None:
    assert next_path(asked) == "/staff"
