"""Alerts pushed outwards: to a Prometheus Alertmanager and to webhooks, each change once it is in the history."""
