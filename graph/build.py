"""The graph of one turn: screen → classify → recall or act → retrieve → answer → check, and the ways around it."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime

from graph.context import TurnContext
from graph.events import Step
from graph.nodes.act import act, carry_out
from graph.nodes.answer import answer
from graph.nodes.check import check
from graph.nodes.classify import classify
from graph.nodes.recall import recall
from graph.nodes.reply import hand_over, refuse, reply
from graph.nodes.retrieve import retrieve
from graph.nodes.screen import screen
from graph.routing import after_act, after_classify, after_recall, after_screen, at_start
from graph.state import TurnState

Node = Callable[[TurnState, Runtime[TurnContext]], Awaitable[TurnState]]
Turn = CompiledStateGraph[TurnState, TurnContext, TurnState, TurnState]


def build_graph(checkpointer: BaseCheckpointSaver[Any] | None = None) -> Turn:
    """Compile the graph. Its context is a `TurnContext`; events come out of the stream mode `custom`."""
    graph = StateGraph(TurnState, context_schema=TurnContext)
    nodes: dict[str, tuple[Node, Callable[[TurnState], str]]] = {
        "screen": (screen, lambda update: f"{update['injection'].score:.2f} · {update['injection'].reason}"),
        "classify": (classify, lambda update: f"{update['intent'].name} ({update['intent'].score:.2f})"),
        "recall": (recall, _recalled),
        "act": (act, _drafted),
        "retrieve": (retrieve, _found),
        "answer": (answer, _drafted),
        "check": (check, lambda update: f"{len(update['answer'].cited)} sources cited"),
        "reply": (reply, lambda update: "written reply"),
        "hand_over": (hand_over, lambda update: "a person was asked for"),
        "refuse": (refuse, lambda update: "not answered"),
        "carry_out": (carry_out, lambda update: "at the visitor's word"),
    }
    for name, (node, describe) in nodes.items():
        graph.add_node(name, _reported(name, node, describe))  # type: ignore[call-overload]  # wants a named parameter
    graph.add_conditional_edges(START, at_start)
    graph.add_conditional_edges("screen", after_screen)
    graph.add_conditional_edges("classify", after_classify)
    graph.add_conditional_edges("recall", after_recall)
    graph.add_conditional_edges("act", after_act)
    graph.add_edge("retrieve", "answer")
    graph.add_edge("answer", "check")
    for last in ("check", "reply", "hand_over", "refuse", "carry_out"):
        graph.add_edge(last, END)
    return graph.compile(checkpointer=checkpointer)


def _reported(name: str, node: Node, describe: Callable[[TurnState], str]) -> Node:
    """The node, followed by a `Step` event that tells how it went and how long it took."""

    async def run(state: TurnState, runtime: Runtime[TurnContext]) -> TurnState:
        began = time.perf_counter()
        update = await node(state, runtime)
        runtime.stream_writer(Step(name, describe(update), (time.perf_counter() - began) * 1000))
        return update

    return run


def _recalled(update: TurnState) -> str:
    found = update["recalled"]
    if found is None:
        return "not answered before"
    return "the same question" if found.exact else f"a question with the same answer, at {found.similarity:.2f}"


def _found(update: TurnState) -> str:
    passages = update["passages"]
    if not passages:
        return "0 passages"
    return f"{len(passages)} passages, the nearest at {max(p.similarity for p in passages):.2f}"


def _drafted(update: TurnState) -> str:
    draft = update["draft"]
    if draft is None:
        return "no tool answered"
    tried = "".join(f"{used.route} {used.outcome}; " for used in draft.failed)
    chosen = f"{draft.choice}; " if draft.choice else ""
    tools = "".join(f"{name}; " for name in draft.called) + ("a call was refused; " if draft.contained else "")
    ended = "waits for the visitor" if draft.asked else "not in the documents" if draft.unknown else draft.answered_by
    return f"{chosen}{tried}{tools}{ended}"
