"""The same work done otherwise, each in a process of its own: `python -m tests.bench.stream_peers shapely|loop`.

`shapely` is a Faust agent as anyone would write it: a report at a time, held against the zones as polygons in degrees.
It knows no incidents, no time and no shares of a footprint, keeps nothing, and loses what it was at when it crashes.

`loop` is our core under a plain loop of kafka-python: it keeps its windows in memory, on one partition, and loses them.
"""

import json
import os
import sys
from typing import Any

AGREEMENT = "ukraine-hypothetical"
BOOTSTRAP, PREFIX = "TRUCELINE_KAFKA", "TRUCELINE_TOPICS_PREFIX"


def main(words: list[str]) -> int:
    {"shapely": with_shapely, "loop": in_a_loop}[words[0]](os.environ[BOOTSTRAP], os.environ[PREFIX])
    return 0


def with_shapely(bootstrap: str, prefix: str) -> None:
    """The Faust agent."""
    import faust
    import shapely

    from pipeline.agreement import load_agreement

    zones = {zone.zone_id: zone.drawing() for zone in load_agreement(AGREEMENT).zones}
    for polygon in zones.values():
        shapely.prepare(polygon)
    app = faust.App(
        f"{prefix}shapely",
        broker=f"kafka://{bootstrap}",
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        value_serializer="raw",
    )
    alerts = app.topic(f"{prefix}alerts", key_serializer="raw", value_serializer="raw")

    async def agent(stream: Any) -> None:
        async for value in stream:
            report = json.loads(value)
            footprint = report["footprint"]
            if "lon" not in footprint:
                continue
            place = shapely.Point(footprint["lon"], footprint["lat"])
            inside = [name for name, polygon in zones.items() if shapely.contains(polygon, place)]
            if inside:
                name = report["report_id"]
                told = {"report_ids": [name], "zones": inside}
                await alerts.send(key=name.encode(), value=json.dumps(told).encode())

    app.agent(app.topic(f"{prefix}reports", value_serializer="raw"))(agent)
    faust.Worker(app, loglevel="ERROR", redirect_stdouts=False).execute_from_commandline()


def in_a_loop(bootstrap: str, prefix: str) -> None:
    """The plain loop: what is polled together is judged together, and is acknowledged when its alerts are."""
    from kafka import KafkaConsumer, KafkaProducer

    from pipeline.agreement import load_agreement
    from pipeline.gazetteer import load_gazetteer
    from pipeline.model.report import Report
    from pipeline.monitor import MemoryWindows, Monitor
    from pipeline.stream.wire import decode_frame, encode

    gazetteer = load_gazetteer()
    monitor = Monitor([load_agreement(AGREEMENT)], MemoryWindows(), gazetteer.outlines)
    producer = KafkaProducer(bootstrap_servers=bootstrap, acks="all", compression_type="lz4")
    consumer = KafkaConsumer(
        f"{prefix}reports",
        bootstrap_servers=bootstrap,
        group_id=f"{prefix}loop",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=8 << 20,
    )
    told: dict[str, bytes] = {}
    while True:
        records = [one for some in consumer.poll(timeout_ms=200).values() for one in some]
        reports: list[Report] = []
        for one in records:
            reports += decode_frame(one.value, f"{one.topic}/{one.partition}@{one.offset}", gazetteer)[0]
        if not reports:
            continue
        futures = []
        for alerts in monitor.process(reports).alerts.values():
            for alert in alerts:
                value = encode(alert)
                if told.get(alert.alert_id) != value:
                    told[alert.alert_id] = value
                    futures.append(producer.send(f"{prefix}alerts", value, key=alert.alert_id.encode()))
        for future in futures:
            future.get(timeout=60.0)
        consumer.commit()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
