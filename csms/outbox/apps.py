from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "csms.outbox"
    label = "outbox"
    verbose_name = "Commands"
