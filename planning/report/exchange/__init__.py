"""Layers for other programs, in the reference system, encoding, language and formats that somebody asks for."""

from planning.report.exchange.layers import LAYERS, exchange_layers
from planning.report.exchange.systems import System, choose_system, offered_systems, system_warning
from planning.report.exchange.writing import FORMATS, Exported, write_exchange

__all__ = [
    "FORMATS",
    "LAYERS",
    "Exported",
    "System",
    "choose_system",
    "exchange_layers",
    "offered_systems",
    "system_warning",
    "write_exchange",
]
