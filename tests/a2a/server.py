"""An A2A agent built with PyPI's a2a-sdk, for the tests of agent-commands.

What it does is the first word of the message:

    quick …         replies with a message
    task STEPS MS [WAIT]
                    a task of so many steps, each so long, with an artifact; it is made after that wait
    forever         a task that only ends when it is cancelled
    ask             a task that asks for more input, and then completes
    login           a task that wants to be authorized
    fail, reject    a task that comes to nothing

Every request and every execution is a line of JSON in the ledger, which outlives the process, as does the store of the
tasks. A task that a process has left unfinished is finished by the next one.
"""

import argparse
import asyncio
import contextlib
import json
import sys

import uvicorn
from a2a.compat.v0_3.conversions import to_compat_agent_card
from a2a.helpers import get_message_text, new_task_from_user_message, new_text_message, new_text_part
from a2a.server.agent_execution import AgentExecutor
from a2a.server.context import ServerCallContext
from a2a.server.request_handlers import DefaultRequestHandler
from a2a.server.routes import create_agent_card_routes, create_jsonrpc_routes, create_rest_routes
from a2a.server.tasks import DatabaseTaskStore, TaskUpdater
from a2a.types.a2a_pb2 import (
    AgentCapabilities,
    AgentCard,
    AgentInterface,
    AgentSkill,
    Artifact,
    ListTasksRequest,
    Role,
    TaskState,
)
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


class Ledger:
    """What happened, a line each."""

    def __init__(self, path):
        self.path = path

    def write(self, **entry):
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")


class Executor(AgentExecutor):
    def __init__(self, ledger):
        self.ledger = ledger

    async def execute(self, context, event_queue):
        text = context.get_user_input()
        self.ledger.write(
            event="executed",
            messageId=context.message.message_id,
            taskId=context.task_id,
            contextId=context.context_id,
            text=text,
            parts=len(context.message.parts),
        )
        word, *rest = text.split() or [""]
        if word == "quick":
            await event_queue.enqueue_event(
                new_text_message(f"You said: {text}", context_id=context.context_id, role=Role.ROLE_AGENT)
            )
            return
        if word == "task" and len(rest) > 2:
            await asyncio.sleep(int(rest[2]) / 1000)
        task = context.current_task
        if task is None:
            task = new_task_from_user_message(context.message)
            await event_queue.enqueue_event(task)
        updater = TaskUpdater(event_queue, task.id, task.context_id)
        say = lambda words: updater.new_agent_message([new_text_part(words)])
        if context.current_task is not None:
            await updater.add_artifact([new_text_part(f"answered: {text}")], name="answer")
            await updater.complete(say("thank you"))
        elif word == "task":
            steps, pause = int(rest[0]), int(rest[1]) / 1000
            for step in range(1, steps + 1):
                await updater.start_work(say(f"step {step}"))
                await asyncio.sleep(pause)
            await updater.add_artifact([new_text_part("one")], artifact_id="result", name="result")
            await updater.add_artifact([new_text_part("two")], artifact_id="result", append=True, last_chunk=True)
            await updater.complete()
        elif word == "forever":
            await updater.start_work(say("at it"))
            await asyncio.Event().wait()
        elif word == "ask":
            await updater.requires_input(say("which one?"))
        elif word == "login":
            await updater.requires_auth(say("who are you?"))
        elif word == "fail":
            await updater.failed(say("a secret reason"))
        elif word == "reject":
            await updater.reject(say("a secret reason"))
        else:
            await updater.complete(say(f"nothing to do for {word}"))

    async def cancel(self, context, event_queue):
        self.ledger.write(event="cancelled", taskId=context.task_id)
        updater = TaskUpdater(event_queue, context.task_id, context.context_id)
        await updater.cancel(updater.new_agent_message([new_text_part("stopped")]))


def method_of(verb, path):
    """The method that a request of HTTP+JSON calls, as JSON-RPC names it."""
    for end, method in (
        ("/message:send", "SendMessage"),
        ("/message:stream", "SendStreamingMessage"),
        (":cancel", "CancelTask"),
        (":subscribe", "SubscribeToTask"),
        ("/pushNotificationConfigs", "CreateTaskPushNotificationConfig"),
        ("/tasks", "ListTasks"),
    ):
        if path.endswith(end):
            return method
    return "GetTask" if verb == "GET" else None


class Door:
    """Writes down every call, and turns some away."""

    def __init__(self, app, options, ledger):
        self.app, self.options, self.ledger = app, options, ledger
        self.refuse = options.refuse

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or scope["path"].endswith(".json"):
            return await self.app(scope, receive, send)
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body, more = body + message.get("body", b""), message.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        call = json.loads(body) if body else {}
        self.ledger.write(
            event="request",
            method=call.get("method") or method_of(scope["method"], scope["path"]),
            version=headers.get("a2a-version"),
            authorization=headers.get("authorization"),
            key=headers.get("x-api-key"),
        )
        if self.refuse > 0:
            self.refuse -= 1
            return await Response(status_code=429, headers={"retry-after": "1"})(scope, receive, send)
        if self.options.token and headers.get("authorization") != f"Bearer {self.options.token}":
            return await Response(status_code=401)(scope, receive, send)
        message = call.get("params", {}).get("message", {})
        if self.options.own_contexts and message.get("contextId", "").startswith("toril:"):
            error = {"code": -32602, "message": "this conversation was not begun here"}
            return await JSONResponse({"jsonrpc": "2.0", "id": call.get("id"), "error": error})(scope, receive, send)
        replayed = False

        async def again():
            nonlocal replayed
            if replayed:
                return await receive()
            replayed = True
            return {"type": "http.request", "body": body, "more_body": False}

        return await self.app(scope, again, send)


async def finish_what_was_left(store):
    """What a process before this one has begun and not ended."""
    context = ServerCallContext()
    page = await store.list(ListTasksRequest(page_size=100), context)
    for task in page.tasks:
        if task.status.state in (TaskState.TASK_STATE_SUBMITTED, TaskState.TASK_STATE_WORKING):
            task.artifacts.append(Artifact(artifact_id="result", parts=[new_text_part("finished after all")]))
            task.status.state = TaskState.TASK_STATE_COMPLETED
            task.status.ClearField("message")
            await store.save(task, context)


def card_of(url, options):
    interfaces = [
        AgentInterface(protocol_binding=options.binding, protocol_version=version, url=url)
        for version in options.versions
    ]
    return AgentCard(
        name="Test",
        description="Executes the commands of tests.",
        version="1.0.0",
        supported_interfaces=interfaces,
        capabilities=AgentCapabilities(streaming=options.streaming),
        default_input_modes=["text/plain"],
        default_output_modes=["text/plain"],
        skills=[AgentSkill(id="test", name="Test", description="Executes the commands of tests.", tags=["test"])],
    )


def application(url, options, ledger, store):
    card = card_of(url, options)
    executor = Executor(ledger)
    handler = DefaultRequestHandler(agent_executor=executor, task_store=store, agent_card=card)
    if options.versions == ["0.3"]:
        # The card of an agent that has never heard of anything newer.
        document = to_compat_agent_card(card).model_dump(mode="json", by_alias=True, exclude_none=True)
        cards = [Route("/.well-known/agent-card.json", lambda _: JSONResponse(document))]
    else:
        cards = create_agent_card_routes(card)
    compat = "0.3" in options.versions
    if options.binding == "JSONRPC":
        calls = create_jsonrpc_routes(handler, "/", enable_v0_3_compat=compat)
    else:
        calls = create_rest_routes(handler, enable_v0_3_compat=compat)

    @contextlib.asynccontextmanager
    async def lifespan(_):
        await store.initialize()
        await finish_what_was_left(store)
        yield

    return Door(Starlette(routes=cards + calls, lifespan=lifespan), options, ledger)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", required=True, help="where the ledger and the store are")
    parser.add_argument("--versions", default="1.0", type=lambda text: text.split(","))
    parser.add_argument("--binding", default="JSONRPC", choices=["JSONRPC", "HTTP+JSON"])
    parser.add_argument("--streaming", action="store_true")
    parser.add_argument("--refuse", type=int, default=0, help="how many calls are answered with 429")
    parser.add_argument("--token", help="what a call has to be authorized with")
    parser.add_argument("--own-contexts", action="store_true", help="turn away conversations that were not begun here")
    options = parser.parse_args()
    ledger = Ledger(f"{options.folder}/ledger.jsonl")
    # A busy machine has writers wait for each other for longer than SQLite's 5 seconds.
    database = create_async_engine(f"sqlite+aiosqlite:///{options.folder}/tasks.sqlite", connect_args={"timeout": 300})
    store = DatabaseTaskStore(database)
    url = f"http://127.0.0.1:{options.port}/"
    app = application(url, options, ledger, store)
    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning", lifespan="on")


if __name__ == "__main__":
    sys.exit(main())
