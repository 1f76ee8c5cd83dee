"""What `/openapi.json` says of the API."""

import httpx

from app.access.routes import ROUTES


async def test_every_route_of_the_api_is_described_with_its_token_and_its_errors(url: str) -> None:
    async with httpx.AsyncClient() as http:
        described = (await http.get(url.removesuffix("/v1") + "/openapi.json")).json()

    operations = {
        (method.upper(), path): it for path, item in described["paths"].items() for method, it in item.items()
    }
    assert set(operations) == {
        (method, route.path) for route in ROUTES if route.path.startswith("/v1/") for method in route.methods
    }
    for operation in operations.values():
        assert operation["security"] == [{"service token": []}]
        assert {"200", "4XX", "500", "503"} == set(operation["responses"])
    fields = described["components"]["schemas"]["ChatRequest"]["properties"]
    assert {"model", "messages", "stream", "user", "parley"} <= set(fields)
