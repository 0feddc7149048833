"""What Home Assistant is told by MQTT discovery: one device an account or group, with what a person would look at.

Source of the form: home-assistant.io, «MQTT discovery», device payload (components in one message, retained).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import msgspec

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


_Component = tuple[str, dict[str, object]]
_Maker = Callable[..., _Component]


def _id(*parts: str) -> str:
    return _NOT_IN_IDS.sub("_", "_".join(("marginwatch", *parts)))


class Discovery:
    """Announcements for the accounts and groups of a view. `levels` from the quietest to the loudest; `url` is that of
    the page.
    """

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
        """Topic and payload of each account's and each group's device; equal views give equal bytes."""
        for report in view.accounts:
            key = report.key
            name = _id(view.instance, key.venue, key.account)
            components = dict(self._components(name, self._topics.account(key)))
            yield self._announced(name, f"{key.account} at {key.venue}", "margin account", components, view)
        for group in view.groups:
            name = _id(view.instance, "group", group.name)
            components = dict(self._of_group(name, self._topics.group(group.name)))
            yield self._announced(name, f"Group {group.name}", "group of margin accounts", components, view)

    def _announced(
        self, name: str, label: str, model: str, components: dict[str, dict[str, object]], view: View
    ) -> tuple[str, bytes]:
        """The topic of a device and what is said there."""
        device: dict[str, object] = {
            "identifiers": [name],
            "name": label,
            "manufacturer": "marginwatch",
            "model": model,
            "sw_version": view.version,
        }
        if self._url:
            device["configuration_url"] = self._url
        body = {
            "device": device,
            "origin": {"name": "marginwatch", "sw_version": view.version},
            "availability": [{"topic": self._topics.status}],
            "components": components,
        }
        return f"{self._prefix}/device/{name}/config", _encode(body)

    def _maker(self, name: str, topic: str) -> _Maker:
        """What makes the components of one device."""
        shared: dict[str, object] = {"state_topic": topic}
        if self._expiry > 0.0:
            shared["expire_after"] = round(self._expiry)

        def component(key: str, platform: str, label: str, template: str, **more: object) -> _Component:
            unique = f"{name}_{key}"
            return unique, {
                "platform": platform, "unique_id": unique, "name": label, "value_template": template, **shared, **more,
            }  # fmt: skip

        return component

    def _of_group(self, name: str, topic: str) -> Iterator[_Component]:
        """What a group has beside what an account has: how the worst of its hedges stands."""
        component = self._maker(name, topic)
        yield from (each for each in self._components(name, topic) if each[0] != f"{name}_up")
        yield component(
            "hedge", "sensor", "Hedges", "{{ value_json.hedge }}", device_class="enum", icon="mdi:scale-balance",
            options=["none", "held", "near", "shrank", "broken", "flat", "unknown"],
        )  # fmt: skip

    def _components(self, name: str, topic: str) -> Iterator[_Component]:
        component = self._maker(name, topic)
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
