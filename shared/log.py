"""Structured logs: one line per fact, the event's name first. Only shells log; the core is silent."""

import logging
import sys

import structlog


def configure(service: str, level: str = "info", json_lines: bool = False) -> None:
    """Send this process's log lines to stderr, each with the service's name."""
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if json_lines
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=24)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)


def get(name: str) -> structlog.typing.FilteringBoundLogger:
    """A logger that names its part of the service."""
    # lazy: bound at its first line, so that a logger made at import follows what configure() says later
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(part=name)
    return logger
