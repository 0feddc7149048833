"""What Home Assistant is told by MQTT discovery: one device an account, with what a person would look at.

Source of the form: home-assistant.io, «MQTT discovery», device payload (components in one message, retained).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from monitor.domain.names import AccountKey
from monitor.domain.view import View
from monitor.outputs.mqtt.topics import Topics

_encode = msgspec.json.Encoder(order="deterministic").encode
_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9_-]")

#: The ratio in percent. Liquidatable without a number (no equity left) counts as 100 %: it is not known, nor less.
_RATIO = (
    "{% set r = value_json.ratio %}"
    "{{ (r.value * 100) | round(2) if r.value is defined else 100 if r.state == 'liquidatable' else None }}"
)
#: The nearest line in percent of today's price; unknown where no price liquidates: the sensor beside it says which.
_NEAREST = (
    "{% set n = value_json.nearest %}"
    "{{ 0 if n.state == 'liquidatable' else (n.distance_ratio * 100) | round(2) if n.state == 'at' else None }}"
)


class Discovery:
    """Announcements for the accounts of a view. `levels` from the quietest to the loudest; `url` is the page's."""

    def __init__(
        self,
        topics: Topics,
        levels: Sequence[str],
        *,
        prefix: str = "homeassistant",
        expiry_seconds: float = 0.0,
        url: str = "",
    ) -> None:
        self._topics, self._levels, self._prefix = topics, tuple(levels), prefix
        self._expiry, self._url = expiry_seconds, url

    @property
    def birth_topic(self) -> str:
        """Where Home Assistant says that it was started."""
        return f"{self._prefix}/status"

    def announcements(self, view: View) -> Iterator[tuple[str, bytes]]:
        """Topic and payload of each account's device; equal views give equal bytes."""
        for report in view.accounts:
            name = self._id(view.instance, report.key)
            yield f"{self._prefix}/device/{name}/config", _encode(self._device(name, report.key, view))

    def _id(self, instance: str, key: AccountKey) -> str:
        return _NOT_IN_IDS.sub("_", f"marginwatch_{instance}_{key.venue}_{key.account}")

    def _device(self, name: str, key: AccountKey, view: View) -> dict[str, object]:
        device: dict[str, object] = {
            "identifiers": [name],
            "name": f"{key.account} at {key.venue}",
            "manufacturer": "marginwatch",
            "model": "margin account",
            "sw_version": view.version,
        }
        if self._url:
            device["configuration_url"] = self._url
        return {
            "device": device,
            "origin": {"name": "marginwatch", "sw_version": view.version},
            "availability": [{"topic": self._topics.status}],
            "components": dict(self._components(name, self._topics.account(key))),
        }

    def _components(self, name: str, topic: str) -> Iterator[tuple[str, dict[str, object]]]:
        shared: dict[str, object] = {"state_topic": topic}
        if self._expiry > 0.0:
            shared["expire_after"] = round(self._expiry)

        def component(
            key: str, platform: str, label: str, template: str, **more: object
        ) -> tuple[str, dict[str, object]]:
            unique = f"{name}_{key}"
            return unique, {
                "platform": platform, "unique_id": unique, "name": label, "value_template": template, **shared, **more,
            }  # fmt: skip

        percent = {"unit_of_measurement": "%", "state_class": "measurement"}
        yield component(
            "ratio", "sensor", "Margin ratio", _RATIO, icon="mdi:gauge", json_attributes_topic=topic, **percent
        )
        yield component("nearest", "sensor", "Nearest line", _NEAREST, icon="mdi:arrow-expand-vertical", **percent)
        yield component(
            "nearest_state", "sensor", "State of the nearest line", "{{ value_json.nearest.state }}",
            device_class="enum", options=["at", "never", "unknown", "liquidatable"],
        )  # fmt: skip
        yield component(
            "quality", "sensor", "Data quality", "{{ value_json.quality }}",
            device_class="enum", options=["LIVE", "PARTIAL", "STALE", "UNKNOWN"], entity_category="diagnostic",
        )  # fmt: skip
        yield component(
            "equity", "sensor", "Equity", "{{ value_json.equity_usd }}",
            unit_of_measurement="USD", device_class="monetary", suggested_display_precision=0,
        )  # fmt: skip
        yield component(
            "up", "binary_sensor", "Data", "{{ 'ON' if value_json.up else 'OFF' }}",
            device_class="connectivity", entity_category="diagnostic",
        )  # fmt: skip
        for level in self._levels:
            yield component(
                f"firing_{level}", "binary_sensor", f"Alert: {level}",
                "{{ 'ON' if value_json.firing.get('" + level + "', 0) > 0 else 'OFF' }}",
                device_class="problem",
            )  # fmt: skip
