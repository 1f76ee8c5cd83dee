"""OpenAI's package for Node.js, unchanged."""

import json
from pathlib import Path

import pytest

from app.wiring import Services
from tests.app.api import node
from tests.app.api.serving import make_token
from tests.app.turning import GOOD, QUESTION

SCRIPT = """
import OpenAI from "openai";

const [spent, question] = process.argv.slice(2);
const at = (apiKey) => new OpenAI({ baseURL: process.env.API, apiKey, maxRetries: 0 });
const client = at(process.env.TOKEN);
const ask = { model: "shop", messages: [{ role: "user", content: question }] };

const name = (call) => call.then(() => "no error", (error) => `${error.constructor.name} ${error.code}`);
const whole = await client.chat.completions.create(ask);
let streamed = "", last;
for await (const chunk of await client.chat.completions.create({ ...ask, stream: true })) {
  streamed += chunk.choices[0].delta.content ?? "";
  last = chunk.choices[0];
}
const embedded = await client.embeddings.create({ model: "shop", input: ["one text", "another"] });
const models = [];
for await (const model of client.models.list()) models.push(model.id);
console.log(JSON.stringify({
  whole: whole.choices[0].message.content,
  sources: whole.choices[0].message.parley.sources.length,
  streamed,
  finish: last.finish_reason,
  dimensions: embedded.data.map((item) => item.embedding.length),
  models,
  errors: [
    await name(at("pk-parley-wrong").chat.completions.create(ask)),
    await name(client.chat.completions.create({ ...ask, model: "other" })),
    await name(client.chat.completions.create({ ...ask, n: 2 })),
    await name(at(spent).chat.completions.create(ask)),
    await name(at(spent).chat.completions.create(ask)),
  ],
}));
"""


@pytest.mark.slow
async def test_openais_package_for_node_works_unchanged(
    services: Services, url: str, token: str, tmp_path: Path
) -> None:
    node.install(tmp_path)
    (tmp_path / "try.mjs").write_text(SCRIPT, encoding="utf-8")
    spent, _ = await make_token(services, per_day=1)

    out = await node.run("node", "try.mjs", spent, QUESTION, folder=tmp_path, environ={"API": url, "TOKEN": token})

    assert json.loads(out) == {
        "whole": GOOD,
        "sources": 1,
        "streamed": GOOD,
        "finish": "stop",
        "dimensions": [512, 512],
        "models": ["shop"],
        "errors": [
            "AuthenticationError invalid_api_key",
            "NotFoundError model_not_found",
            "BadRequestError unsupported_value",
            "no error",
            "RateLimitError rate_limit_exceeded",
        ],
    }
