"""JSON Schemas of data with one property."""


def number(name):
    """An object with a whole number of this name."""
    return {"type": "object", "properties": {name: {"type": "integer", "minimum": 0}}, "required": [name]}


def text(name):
    """An object with a string of this name."""
    return {"type": "object", "properties": {name: {"type": "string"}}, "required": [name]}
