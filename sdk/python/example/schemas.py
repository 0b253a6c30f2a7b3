"""JSON Schemas of data with one property."""


def number(name):
    """An object that has a whole number of that name."""
    return {"type": "object", "properties": {name: {"type": "integer", "minimum": 0}}, "required": [name]}


def text(name):
    """An object that has a string of that name."""
    return {"type": "object", "properties": {name: {"type": "string"}}, "required": [name]}
