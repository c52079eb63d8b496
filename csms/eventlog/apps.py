from django.apps import AppConfig


class EventLogConfig(AppConfig):
    name = "csms.eventlog"
    label = "eventlog"
    verbose_name = "Event log"
