"""The whole application, for people who go through its pages."""

from collections.abc import Callable

import pytest
from fastapi import FastAPI

from app.server import create_app
from app.wiring import Services
from tests.app.staff.browsing import Person


@pytest.fixture
def app(services: Services) -> FastAPI:
    return create_app(services)


@pytest.fixture
def browser(app: FastAPI) -> Callable[[], Person]:
    """Makes browsers."""
    return lambda: Person(app)
