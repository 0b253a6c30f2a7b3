use serde_json::{Value, json};

use super::*;

fn write_one(schema: Value, language: TypesLanguage) -> String {
    let jobs = [DescribedJob { name: "send", description: "Sends.", schema: Some(&schema), result: None }];
    write(&Described { plugin: "agent-commands", version: "abc", jobs: &jobs }, language)
}

/// The schema that schemars 1 generates for a struct with an optional field, a nested struct, a tagged enum and a
/// map.
fn schemars() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Command",
        "description": "The data of a job.",
        "type": "object",
        "properties": {
            "message": { "type": "string", "description": "What to say.\nIn full.", "minLength": 1 },
            "context-id": { "type": ["string", "null"] },
            "retries": { "type": "integer", "format": "uint32", "minimum": 0 },
            "target": { "$ref": "#/$defs/Target" },
            "mode": { "$ref": "#/$defs/Mode" },
            "labels": { "type": "object", "additionalProperties": { "type": "string" } },
            "pair": {
                "type": "array", "prefixItems": [{ "type": "string" }, { "type": "number" }], "minItems": 2, "maxItems": 2
            },
            "next": { "anyOf": [{ "$ref": "#" }, { "type": "null" }] }
        },
        "required": ["message", "target", "mode"],
        "additionalProperties": false,
        "$defs": {
            "Target": {
                "oneOf": [
                    {
                        "type": "object",
                        "properties": { "kind": { "type": "string", "const": "user" }, "id": { "type": "integer" } },
                        "required": ["kind", "id"]
                    },
                    {
                        "type": "object",
                        "properties": { "kind": { "type": "string", "const": "room" }, "name": { "type": "string" } },
                        "required": ["kind", "name"]
                    }
                ]
            },
            "Mode": {
                "oneOf": [
                    { "description": "At once.", "type": "string", "const": "now" },
                    { "type": "string", "enum": ["later", "never"] }
                ]
            }
        }
    })
}

#[test]
fn typescript_has_an_interface_for_each_object() {
    let text = write_one(schemars(), TypesLanguage::Ts);
    for part in [
        "export interface AgentCommandsSend {\n",
        "  /**\n   * What to say.\n   * In full.\n   */\n  message: string;\n",
        "  \"context-id\"?: string | null;\n",
        "  retries?: number;\n",
        "  target: AgentCommandsSendTarget;\n",
        "  labels?: Record<string, string>;\n",
        "  pair?: [string, number];\n",
        "  next?: AgentCommandsSend | null;\n",
        "export type AgentCommandsSendTarget = AgentCommandsSendTargetUser | AgentCommandsSendTargetRoom;\n",
        "export interface AgentCommandsSendTargetRoom {\n  kind: \"room\";\n  name: string;\n}\n",
        "export type AgentCommandsSendMode = \"now\" | \"later\" | \"never\";\n",
        "export type AgentCommandsSendResult = unknown;\n",
        "  send: { data: AgentCommandsSend; result: AgentCommandsSendResult };\n",
    ] {
        assert!(text.contains(part), "{part}\nis not in\n{text}");
    }
}

#[test]
fn python_has_a_typed_dict_for_each_object() {
    let text = write_one(schemars(), TypesLanguage::Python);
    for part in [
        // The name of a field is not an identifier, so the dictionary uses the call syntax.
        "AgentCommandsSend = TypedDict(\n    \"AgentCommandsSend\",\n    {\n",
        "        # What to say.\n        # In full.\n        \"message\": \"str\",\n",
        "        \"context-id\": NotRequired[\"str | None\"],\n",
        "        \"pair\": NotRequired[\"tuple[str, float]\"],\n",
        "class AgentCommandsSendTargetRoom(TypedDict):\n    kind: Literal[\"room\"]\n    name: str\n",
        "AgentCommandsSendMode: TypeAlias = \"Literal[\\\"now\\\", \\\"later\\\", \\\"never\\\"]\"\n",
        "AgentCommandsJobName: TypeAlias = Literal[\"send\"]\n",
    ] {
        assert!(text.contains(part), "{part}\nis not in\n{text}");
    }
}

#[test]
fn what_pydantic_and_zod_write_is_read() {
    let schema = json!({
        "type": "object",
        "properties": {
            // pydantic 2: Optional[Address] = None, and a default.
            "address": { "anyOf": [{ "$ref": "#/$defs/Address" }, { "type": "null" }], "default": null },
            "kind": { "allOf": [{ "$ref": "#/$defs/Kind" }], "default": "a" },
            // zod: a record, and a closed object in a list.
            "scores": {
                "type": "object", "propertyNames": { "type": "string" }, "additionalProperties": { "type": "number" }
            },
            "items": {
                "type": "array",
                "items": { "type": "object", "properties": { "id": { "type": "string" } }, "required": ["id"],
                           "additionalProperties": false }
            },
            "anything": {}
        },
        "required": ["items", "anything"],
        "$defs": {
            "Address": { "title": "Address", "type": "object", "properties": { "city": { "title": "City", "type": "string" } },
                         "required": ["city"] },
            "Kind": { "title": "Kind", "type": "string", "enum": ["a", "b"] }
        }
    });
    let text = write_one(schema, TypesLanguage::Ts);
    for part in [
        "  address?: AgentCommandsSendAddress | null;\n",
        "  kind?: AgentCommandsSendKind;\n",
        "  scores?: Record<string, number>;\n",
        "  items: AgentCommandsSendItemsItem[];\n",
        "  anything: unknown;\n",
        "export type AgentCommandsSendKind = \"a\" | \"b\";\n",
    ] {
        assert!(text.contains(part), "{part}\nis not in\n{text}");
    }
}

#[test]
fn what_is_not_understood_takes_everything_and_says_why() {
    let schema = json!({ "type": "object", "properties": { "x": { "if": {}, "then": { "type": "string" } } } });
    let text = write_one(schema, TypesLanguage::Ts);
    assert!(text.contains("The schema has `if` here, which is not translated"), "{text}");
    assert!(text.contains("  x?: unknown;\n"), "{text}");
}

#[test]
fn a_comment_cannot_end_early() {
    let schema = json!({ "type": "object", "properties": { "x": { "type": "string", "description": "a */ b" } } });
    let text = write_one(schema, TypesLanguage::Ts);
    assert!(!text.contains("a */ b"), "{text}");
}

#[test]
fn a_plugin_of_any_job_has_no_types_of_its_own() {
    let described = Described { plugin: "basics", version: "abc", jobs: &[] };
    assert!(write(&described, TypesLanguage::Ts).contains("export type BasicsJobs = Record<string,"));
    assert!(write(&described, TypesLanguage::Python).contains("BasicsJobName: TypeAlias = \"str\"\n"));
}
