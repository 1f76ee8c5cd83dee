"""Searches the site's documents again, in other words."""

import asyncio
from typing import Annotated

from pydantic import BaseModel, Field

from graph.context import Encoder, Knowledge, Passage
from tools.tool import Arguments, Call, offer

NAME = "search_documents"
TITLE = "Search the documents"
_DESCRIPTION = """Searches the documents for passages on a subject.
Use it when the passages at hand do not answer and other words may."""


class Query(Arguments):
    """What to search for."""

    query: Annotated[str, Field(min_length=2, max_length=300, description="The question, in full, in other words.")]


class SearchDocuments:
    """The search that answers are made from, for one reader's eyes."""

    arguments: type[BaseModel] = Query

    def __init__(self, title: str, knowledge: Knowledge, encoder: Encoder, limit: int) -> None:
        self.offer = offer(NAME, title, _DESCRIPTION, Query, changes=False)
        self._knowledge, self._encoder, self._limit = knowledge, encoder, limit

    async def run(self, call: Call) -> list[Passage]:
        """Return the passages found, as those of documents that they are."""
        query = str(call.arguments["query"])
        vector = (await asyncio.to_thread(self._encoder.encode, [query]))[0]
        return await self._knowledge.search(query, vector, limit=self._limit)
