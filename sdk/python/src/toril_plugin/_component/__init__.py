"""The host, in a component: plain functions over the generated bindings, one module for each interface."""
