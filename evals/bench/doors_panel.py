"""How soon the widget's panel can be written into after a click, in a real browser, its files cached."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable

from evals.bench.figure import Figure, median, percentile

ROUNDS = 20
PAGE = (
    "<!doctype html><title>A shop</title><h1>A shop</h1>"
    '<script src="{url}/widget.js" data-site="default" async></script>'
)
READY = """
new Promise(ready => {
    const root = document.querySelector("parley-widget").shadowRoot;
    const usable = () => {
        const field = root.querySelector(".composer textarea");
        return field && !field.disabled && field.getClientRects().length;
    };
    const began = performance.now();
    root.querySelector(".launch").click();
    const look = () => usable() ? ready(performance.now() - began) : requestAnimationFrame(look);
    look();
})
"""


async def measure_panel(url: str, host_port: int) -> list[Figure]:
    """Open the panel on somebody's page many times. Without Chromium and Playwright there is no figure."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        return []
    try:
        from playwright.async_api import async_playwright  # of the group dev
    except ImportError:
        return []
    took_ms: list[float] = []
    server = await asyncio.start_server(_host(PAGE.format(url=url).encode()), "127.0.0.1", host_port)
    async with server, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        try:
            context = await browser.new_context()
            for _ in range(ROUNDS + 1):
                page = await context.new_page()
                await page.goto(f"http://localhost:{host_port}/")
                await page.locator("parley-widget .launch").wait_for()
                await page.wait_for_timeout(1000)  # the page is idle, as when a visitor has looked at it
                took_ms.append(float(await page.evaluate(READY)))
                await page.evaluate("localStorage.clear(); sessionStorage.clear()")
                await page.close()
        finally:
            await browser.close()
    warm = took_ms[1:]
    return [
        Figure(f"click to usable panel, warm, median of {len(warm)}", median(warm), "ms", 300),
        Figure("95th percentile", percentile(warm, 95), "ms"),
        Figure("the first, nothing cached", took_ms[0], "ms"),
    ]


def _host(body: bytes) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """Somebody's website, which has one page."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n"
        writer.write(head.encode() + b"Connection: close\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    return answer
