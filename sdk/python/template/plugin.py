"""Greets people."""

from toril_plugin import Fatal, job, log


@job(
    "greet",
    schema={
        "type": "object",
        "properties": {"name": {"type": "string"}},
        "required": ["name"],
        "additionalProperties": False,
    },
)
def greet(job):
    """Greets one person."""
    name = job.data["name"].strip()
    if not name:
        raise Fatal("`name` is empty")
    log.info("greeting someone")
    return {"text": f"Hello, {name}!"}
