from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "csms.api"
    label = "api"
    verbose_name = "API"
