"""The widget's pictures for the guide."""

from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.conftest import PageServer
from tests.browser.widget_actions import QUESTION, answered, ask, opened
from tests.browser.widget_host import HostSite

SETTLE_MS = 700
SHOP = (
    "<style>body { font: 17px/1.7 Georgia, serif; margin: 64px 72px; max-width: 420px; color: #2b3038 }"
    " h1 { font-size: 38px; font-weight: 400 } @media (prefers-color-scheme: dark) { body { background: #101214;"
    " color: #cfd3d8 } } @media (max-width: 500px) { body { margin: 32px 24px } }</style>"
)


def take_widget(browser: Browser, server: PageServer, folder: Path) -> None:
    """Take them all."""
    host = HostSite(server.host_port, server.url)

    def at(width: int, height: int, *, dark: bool = False) -> BrowserContext:
        scheme = "dark" if dark else "light"
        phone = width < 500
        return browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,  # type: ignore[arg-type]  # a literal of two
            device_scale_factor=1.5,
            has_touch=phone,
            is_mobile=phone,
        )

    def save(page: Page, name: str) -> None:
        page.wait_for_timeout(SETTLE_MS)
        page.screenshot(path=folder / f"widget-{name}.png")
        page.context.close()

    def asked(context: BrowserContext, language: str = "en") -> Page:
        page = opened(context, host, host.page(head=SHOP, language=language))
        ask(page, QUESTION)
        answered(page)
        return page

    save(asked(at(960, 720)), "answer")
    save(asked(at(390, 740, dark=True)), "phone")
    save(asked(at(960, 720), "ar"), "arabic")
    page = opened(at(960, 720), host, host.page(head=SHOP))
    page.get_by_role("button", name="Talk to a person").click()
    save(page, "person")
    host.close()
