"""schemas/asyncapi.yaml: the topics, from `pipeline.stream.topics` and the schemas of the records."""

from collections.abc import Mapping
from typing import Any

import yaml

from pipeline.stream.settings import Settings
from pipeline.stream.topics import Topic, topics

Document = dict[str, Any]

SETTINGS = Settings()
"""The file tells of the topics as they are made where nobody sets anything."""

_BINDING = "0.5.0"
_FIGURES = ("retention.ms", "retention.bytes", "delete.retention.ms", "max.message.bytes")
"""Of a topic's configuration, what the binding has words for."""


def asyncapi(schemas: Mapping[str, Document]) -> str:
    """The document as YAML.

    Args:
        schemas: of the records, by the name of their file.
    """
    every = topics(SETTINGS.retention_days)
    document: Document = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Truceline's topics",
            "version": "1",
            "description": (
                "Reports in, held against agreements, alerts out. Values are JSON in UTF-8; a frame is "
                "newline-delimited JSON. A reader passes over fields that it does not know: fields are added, never "
                "renamed or given another meaning. Retention and partitions are those where nobody set anything."
            ),
        },
        "defaultContentType": "application/json",
        "channels": {name: _channel(topic) for name, topic in every.items()},
        "operations": dict(_operation(name, topic, who) for name, topic in every.items() for who in _who(topic)),
        "components": {
            "messages": {name: _message(topic) for name, topic in every.items()},
            "schemas": _rejects(schemas["reject"]),
        },
    }
    head = "# Written by tools/schemas.py (`make schemas`) from pipeline/stream/topics.py and the records.\n"
    return head + yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def _channel(topic: Topic) -> Document:
    configs = topic.configs(SETTINGS.replication_factor)
    return {
        "address": SETTINGS.prefix + topic.name,
        "title": topic.title,
        "description": topic.what,
        "messages": {topic.name: {"$ref": f"#/components/messages/{topic.name}"}},
        "bindings": {
            "kafka": {
                "partitions": SETTINGS.partitions if topic.partitioned else 1,
                "replicas": SETTINGS.replication_factor,
                "topicConfiguration": {
                    "cleanup.policy": [configs["cleanup.policy"]],
                    **{name: int(configs[name]) for name in _FIGURES if name in configs},
                },
                "bindingVersion": _BINDING,
            }
        },
    }


def _message(topic: Topic) -> Document:
    message: Document = {"name": topic.name, "title": topic.title, "summary": topic.what}
    if topic.frames:
        message["contentType"] = "application/x-ndjson"
        message["payload"] = {
            "type": "string",
            "description": "One or more lines, each a JSON object; blank lines are passed over.",
            "contentMediaType": "application/x-ndjson",
            "contentSchema": _payload(topic),
        }
    elif topic.tombstones:
        message["payload"] = {"oneOf": [_payload(topic), {"type": "null"}]}
    else:
        message["payload"] = _payload(topic)
    if topic.carries:
        others = ", ".join(f"`{name}`" for name in topic.carries)
        message["description"] = f"With the header `kind`, a record is one of the topic that it names: {others}."
    if topic.headers:
        said = {name: {"type": "string", "description": what} for name, what in topic.headers.items()}
        message["headers"] = {"type": "object", "properties": said}
    if topic.key is not None:
        key = {"type": "string", "description": topic.key}
        message["bindings"] = {"kafka": {"key": key, "bindingVersion": _BINDING}}
    return message


def _payload(topic: Topic) -> Document:
    if topic.payload is None:
        return {"type": "object"}
    if topic.payload == "reject":
        return {"$ref": "#/components/schemas/RejectOnTopic"}
    return {"$ref": f"{topic.payload}.json"}


def _rejects(exported: Document) -> Document:
    """A reject as it is exported, without its number: that is its place in a store's list, and a topic has offsets."""
    kept = {key: value for key, value in exported.items() if not key.startswith("$")}
    properties = {name: about for name, about in exported["properties"].items() if name != "number"}
    required = [name for name in exported["required"] if name != "number"]
    made = {"RejectOnTopic": {**kept, "properties": properties, "required": required}, **exported["$defs"]}
    return {name: _referring_here(about) for name, about in made.items()}


def _referring_here(part: Any) -> Any:
    """The same, where the definitions stand among the components."""
    if isinstance(part, list):
        return [_referring_here(item) for item in part]
    if isinstance(part, dict):
        return {key: _referring_here(value) for key, value in part.items()}
    return part.replace("#/$defs/", "#/components/schemas/") if isinstance(part, str) else part


def _who(topic: Topic) -> list[tuple[str, str]]:
    return [*(("send", writer) for writer in topic.writers), *(("receive", reader) for reader in topic.readers)]


def _operation(name: str, topic: Topic, who: tuple[str, str]) -> tuple[str, Document]:
    action, command = who
    doing = "writes" if action == "send" else "reads"
    return f"{command}-{doing}-{name}", {
        "action": action,
        "channel": {"$ref": f"#/channels/{name}"},
        "summary": f"`truceline {command}` {doing} {topic.name}",
    }
