// An A2A agent built with @a2a-js/sdk, for the tests of agent-commands: what server.py does, as far as the tests need it.
//
//     node server.mjs '{"port": 1, "folder": "…", "versions": ["1.0"], "binding": "JSONRPC", "streaming": true}'

import { appendFileSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import express from "express";
import { Role, TaskState } from "@a2a-js/sdk";
import { AgentEvent, DefaultRequestHandler, InMemoryTaskStore } from "@a2a-js/sdk/server";
import { UserBuilder, agentCardHandler, jsonRpcHandler, restHandler } from "@a2a-js/sdk/server/express";

const options = JSON.parse(process.argv[2]);
const url = `http://127.0.0.1:${options.port}/`;
const write = (entry) => appendFileSync(`${options.folder}/ledger.jsonl`, `${JSON.stringify(entry)}\n`);

const part = (text) => ({ content: { $case: "text", value: text }, metadata: undefined, filename: "", mediaType: "" });
const agentMessage = (text, taskId, contextId) => ({
  messageId: randomUUID(), role: Role.ROLE_AGENT, parts: [part(text)], taskId, contextId,
  metadata: undefined, extensions: [], referenceTaskIds: [],
});

class Executor {
  cancelled = new Set();

  async execute(context, bus) {
    const { userMessage: message, taskId, contextId } = context;
    const text = message.parts.map((part) => (part.content?.$case === "text" ? part.content.value : "")).join("\n");
    write({ event: "executed", messageId: message.messageId, taskId, contextId, text, parts: message.parts.length });
    const [word, ...rest] = text.split(" ");
    if (word === "quick") {
      bus.publish(AgentEvent.message(agentMessage(`You said: ${text}`, "", contextId)));
      return bus.finished();
    }
    const status = (state, words) => ({
      state, message: words ? agentMessage(words, taskId, contextId) : undefined, timestamp: new Date().toISOString(),
    });
    const update = (state, words) =>
      bus.publish(AgentEvent.statusUpdate({ taskId, contextId, status: status(state, words), metadata: undefined }));
    const artifact = (artifactId, words, append) =>
      bus.publish(AgentEvent.artifactUpdate({
        taskId, contextId, append, lastChunk: true, metadata: undefined,
        artifact: { artifactId, name: "", description: "", parts: [part(words)], metadata: undefined, extensions: [] },
      }));
    const answered = context.task !== undefined;
    bus.publish(AgentEvent.task({
      id: taskId, contextId, status: status(TaskState.TASK_STATE_SUBMITTED),
      artifacts: [], history: [...(context.task?.history ?? []), message], metadata: undefined,
    }));
    if (answered) {
      artifact("answer", `answered: ${text}`, false);
      update(TaskState.TASK_STATE_COMPLETED, "thank you");
    } else if (word === "ask") {
      update(TaskState.TASK_STATE_INPUT_REQUIRED, "which one?");
    } else {
      const [steps, pause] = word === "task" ? rest.map(Number) : [Number.MAX_SAFE_INTEGER, 100];
      for (let step = 1; step <= steps; step += 1) {
        if (word === "task" || step === 1) update(TaskState.TASK_STATE_WORKING, `step ${step}`);
        await sleep(pause);
        if (this.cancelled.has(taskId)) {
          update(TaskState.TASK_STATE_CANCELED, "stopped");
          return bus.finished();
        }
      }
      artifact("result", "one", false);
      artifact("result", "two", true);
      update(TaskState.TASK_STATE_COMPLETED);
    }
    return bus.finished();
  }

  cancelTask = async (taskId) => {
    write({ event: "cancelled", taskId });
    this.cancelled.add(taskId);
  };
}

const card = {
  name: "Test", description: "Executes the commands of tests.", version: "1.0.0", provider: undefined,
  supportedInterfaces: options.versions.map((protocolVersion) => ({
    url, protocolBinding: options.binding, protocolVersion, tenant: "",
  })),
  capabilities: { streaming: options.streaming, pushNotifications: false, extensions: [], extendedAgentCard: false },
  defaultInputModes: ["text/plain"], defaultOutputModes: ["text/plain"],
  skills: [{
    id: "test", name: "Test", description: "Executes the commands of tests.", tags: ["test"],
    examples: [], inputModes: [], outputModes: [], securityRequirements: [],
  }],
  securitySchemes: {}, securityRequirements: [], signatures: [],
};

const legacyCompat = { enabled: options.versions.includes("0.3") };
const requestHandler = new DefaultRequestHandler(card, new InMemoryTaskStore(), new Executor());
const app = express();
app.use("/.well-known/agent-card.json", agentCardHandler({ agentCardProvider: requestHandler, legacyCompat }));
// The method that a request of HTTP+JSON calls, as JSON-RPC names it.
const methodOf = (verb, path) => {
  const ends = {
    "/message:send": "SendMessage", "/message:stream": "SendStreamingMessage", ":cancel": "CancelTask",
    ":subscribe": "SubscribeToTask", "/tasks": "ListTasks",
  };
  const end = Object.keys(ends).find((known) => path.endsWith(known));
  return end ? ends[end] : verb === "GET" ? "GetTask" : null;
};
app.use((request, _response, next) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const { method } = chunks.length ? JSON.parse(Buffer.concat(chunks).toString()) : {};
    const called = method ?? methodOf(request.method, request.path);
    write({ event: "request", method: called, version: request.get("a2a-version") ?? null });
  });
  next();
});
const handler = options.binding === "JSONRPC" ? jsonRpcHandler : restHandler;
app.use("/", handler({ requestHandler, legacyCompat, userBuilder: UserBuilder.noAuthentication }));
app.listen(options.port, "127.0.0.1");
