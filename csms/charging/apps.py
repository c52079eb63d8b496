from django.apps import AppConfig


class ChargingConfig(AppConfig):
    name = "csms.charging"
    label = "charging"
    verbose_name = "Charging"
