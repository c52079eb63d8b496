"""Tell all gateway processes that something changed. A lost message costs a second, never a command.

Gateways also look into the database once a second, so nothing depends on the channel layer's delivery.
"""

from __future__ import annotations

import logging

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

GATEWAYS = "gateways"


def announce(kind: str, **members: object) -> None:
    """Send {"type": kind, ...} to every gateway. Called outside of a transaction, from synchronous code."""
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        async_to_sync(layer.group_send)(GATEWAYS, {"type": kind, **members})
    except (OSError, RedisError) as error:  # Redis is away: the gateways will see it in the database
        logger.warning("could not announce %s: %s", kind, error)
