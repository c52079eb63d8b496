from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "csms.demo"
    label = "demo"
    verbose_name = "Demonstration"
