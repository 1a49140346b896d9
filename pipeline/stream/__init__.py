"""Kafka: the broker, the topics, the connectors and the Faust worker."""
