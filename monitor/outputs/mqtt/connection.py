"""One connection to a broker: the library's client, set up our way."""

from __future__ import annotations

import logging
import socket
from typing import Any

from aiomqtt import Client, ProtocolVersion, TLSParameters, Will
from aiomqtt.types import PahoSocket
from paho.mqtt import client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from monitor.outputs.mqtt.settings import MqttSettings

#: Without it the second of two small messages waits for the peer's delayed acknowledgement: 40 ms, when alerts burst.
_UNDELAYED = ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),)

# What the library has to say we say ourselves, on the edges and without addresses.
_QUIET = logging.Logger("monitor.outputs.mqtt.client", logging.CRITICAL + 1)

ONLINE, OFFLINE = b"online", b"offline"


class Connection(Client):
    """The library's client, which writes a message at once if the socket takes it.

    The library itself asks the loop to tell when the socket can be written, which takes two turns of it: a tenth of the
    way from a price to the subscriber. If this hook were gone, all would still arrive, by the long way.
    """

    denied = ""  #: in words, once the broker refused something that we published

    def _on_publish(
        self, client: mqtt.Client, userdata: Any, mid: int, reason_code: ReasonCode, properties: Any
    ) -> None:
        """The broker's answer to one message. The library passes over a refusal."""
        if reason_code.is_failure:
            self.denied = str(reason_code)
        super()._on_publish(client, userdata, mid, reason_code, properties)

    def _on_socket_register_write(self, client: mqtt.Client, userdata: Any, sock: PahoSocket) -> None:
        if self._connected.done():  # before that, the thread that dials comes by here
            client.loop_write()
        if client.want_write():
            super()._on_socket_register_write(client, userdata, sock)


def connection(chosen: MqttSettings) -> Connection:
    """A new one for each time: what an old one still held is in our own queue. Raises ValueError for bad settings."""
    tls = TLSParameters(ca_certs=chosen.ca_file, certfile=chosen.cert_file, keyfile=chosen.key_file)
    return Connection(
        chosen.host,
        chosen.port,
        username=chosen.username,
        password=chosen.password,
        identifier=chosen.client_id,
        protocol=ProtocolVersion.V5 if chosen.version == 5 else ProtocolVersion.V311,
        will=Will(chosen.status_topic, OFFLINE, qos=1, retain=True) if chosen.status_topic else None,
        tls_params=tls if chosen.tls else None,
        timeout=chosen.connect_seconds,
        keepalive=chosen.keepalive_seconds,
        socket_options=_UNDELAYED,
        logger=_QUIET,
    )


def properties(expiry_seconds: float) -> Properties:
    """What goes with a message of version 5: that it is UTF-8 JSON, and when the broker may forget it (0: never)."""
    found = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # the library types its clients only
    found.ContentType = "application/json"
    found.PayloadFormatIndicator = 1
    if expiry_seconds > 0.0:
        found.MessageExpiryInterval = max(1, round(expiry_seconds))
    return found
