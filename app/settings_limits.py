"""The settings of limits: how much may be asked within a minute and a day. 0 is no limit."""

from pydantic import Field

from app.settings_section import Section


class Bound(Section):
    """Requests and tokens within a minute and a day of UTC."""

    requests_minute: int = Field(0, ge=0, description="Messages within a minute; 0: any number.")
    requests_day: int = Field(0, ge=0, description="Messages within a day; 0: any number.")
    tokens_minute: int = Field(0, ge=0, description="Tokens that models take within a minute; 0: any number.")
    tokens_day: int = Field(0, ge=0, description="Tokens that models take within a day; 0: any number.")


class VisitorBound(Bound):
    """What each visitor may ask. A site's own `limits.visitor` goes before it."""

    requests_minute: int = Field(20, ge=0, description="Messages of a visitor within a minute; 0: any number.")
    requests_day: int = Field(500, ge=0, description="Messages of a visitor within a day; 0: any number.")


class SiteBound(Bound):
    """What the visitors of each site may ask together. A site's own `limits.site` goes before it."""


class WholeBound(Bound):
    """What the visitors of all sites may ask together."""


class Limits(Section):
    """How much may be asked, counted in the database for all processes together."""

    visitor: VisitorBound = VisitorBound()
    site: SiteBound = SiteBound()
    all: WholeBound = WholeBound()
