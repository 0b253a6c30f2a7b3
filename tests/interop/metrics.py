"""Parses a page of metrics on standard input with Prometheus's own Python library, and prints its samples as JSON."""

import json
import sys

from prometheus_client.parser import text_string_to_metric_families

samples = []
for family in text_string_to_metric_families(sys.stdin.read()):
    for sample in family.samples:
        samples.append({"name": sample.name, "type": family.type, "labels": sample.labels, "value": str(sample.value)})
json.dump(samples, sys.stdout)
