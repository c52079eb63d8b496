from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "csms.access"
    label = "access"
    verbose_name = "Access"
